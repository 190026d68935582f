"""What the event core counts. Names of event types become labels only where this service knows them: Kafka may bring
anything."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from eventsourcing import schema_registry
from eventsourcing.idempotency import AlreadyAnswered
from service import metrics
from service.problems import Problem

RELAY, CONSUMER, REPORTER = (
    "each relay",
    "each consumer",
    "who reports: the relay of shard 0, or the leading projector",
)
# Seconds: from a moment to the outage of an evening.
DELAYS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
UNKNOWN = "unknown"

COMMANDS = metrics.counter(
    "eventsourcing_commands_total",
    "Commands over HTTP by outcome: `accepted`; `repeated`, the stored answer of an idempotency key; `refused`, by a "
    "rule or a precondition (4xx); `failed` (5xx).",
    ["command", "outcome"],
    where="web",
)
CONFLICTS = metrics.counter(
    "eventsourcing_command_conflicts_total",
    "Times that a command was decided anew, because somebody else had appended to its stream.",
    ["command"],
    where="web",
)
STORED = metrics.counter(
    "eventsourcing_events_stored_total", "Events committed.", ["type"], where=f"web, {CONSUMER} that appends"
)

PUBLISHED = metrics.counter(
    "eventsourcing_events_published_total",
    "Events acknowledged by Kafka and marked for the first time.",
    ["type"],
    where=RELAY,
)
REPUBLISHED = metrics.counter(
    "eventsourcing_events_republished_total", "Events published again to a topic that was made anew.", where=RELAY
)
SHARDS = metrics.gauge("eventsourcing_relay_shards", "Shards that this relay owns.", where=RELAY)
BATCHES = metrics.counter(
    "eventsourcing_relay_batches_total", "Batches that Kafka took at least a part of.", where=RELAY
)
RELAY_FAILURES = metrics.counter(
    "eventsourcing_relay_failures_total",
    "Failures by kind: `broker`, Kafka could not be asked; `unacknowledged`, it took nothing of a batch; `database`, "
    "the session was lost.",
    ["kind"],
    where=RELAY,
)
GAPS = metrics.gauge(
    "eventsourcing_relay_republishing_shards", "Shards and topics whose publishing anew is not done.", where=RELAY
)
MADE_ANEW = metrics.counter(
    "eventsourcing_topics_made_anew_total",
    "Times that a topic had another id than before: once for each shard, or for each consumer.",
    ["topic"],
    where=f"{RELAY}, {CONSUMER}",
)

RECEIVED = metrics.counter(
    "eventsourcing_events_received_total",
    "Events stored and committed by a consumer, repeats too (`unknown`: of no type that this service knows).",
    ["consumer", "type"],
    where=CONSUMER,
)
CONSUMER_DELAY = metrics.histogram(
    "eventsourcing_consumer_delay_seconds",
    "Seconds from an event's commit in its event store until it is committed by a consumer.",
    ["consumer"],
    where=CONSUMER,
    buckets=DELAYS,
)
CONSUMER_LAG = metrics.gauge(
    "eventsourcing_consumer_lag_seconds",
    "How long ago the oldest message was published that is taken off Kafka and not committed; 0: there is none.",
    ["consumer"],
    where=CONSUMER,
)
CONSUMER_FAILURES = metrics.counter(
    "eventsourcing_consumer_failures_total",
    "Batches or polls that are tried again: Kafka or a database did not answer.",
    ["consumer"],
    where=CONSUMER,
)
PARKED = metrics.counter(
    "eventsourcing_events_parked_total",
    "Events that could not be handled and parked their key.",
    ["consumer"],
    where=f"{CONSUMER}, projector",
)

# Of the database, measured by one process.
UNPUBLISHED = metrics.declare(
    "gauge", "eventsourcing_unpublished_events", "Events not published yet, at most 10000.", where=REPORTER
)
OLDEST = metrics.declare(
    "gauge",
    "eventsourcing_oldest_unpublished_seconds",
    "Age of the oldest event that is not published; 0: there is none.",
    where=REPORTER,
)
EVER_PUBLISHED = metrics.declare(
    "gauge",
    "eventsourcing_published_events",
    "Different events that were ever published, by topic. Less `recommendations_log_events` it is the consumer's lag "
    "in events.",
    ["topic"],
    where=REPORTER,
)
REPORTED_AT = metrics.declare(
    "gauge",
    "eventsourcing_report_timestamp_seconds",
    "When what stands in the database was last measured, Unix time.",
    where=REPORTER,
)
RELAY_HEARTBEAT = metrics.declare(
    "gauge",
    "eventsourcing_relay_heartbeat_age_seconds",
    "Age of the oldest heartbeat of a shard's owner.",
    where=REPORTER,
)
PARKED_KEYS = metrics.declare(
    "gauge",
    "eventsourcing_parked_keys",
    "Keys held up by an event that failed, at most 10000.",
    ["consumer"],
    where=REPORTER,
)
LETTERS = metrics.declare(
    "gauge",
    "eventsourcing_waiting_letters",
    "Dead letters that are parked or queued, at most 10000.",
    ["consumer"],
    where=REPORTER,
)
DATABASE_CONNECTIONS = metrics.declare(
    "gauge",
    "eventsourcing_database_connections",
    "Connections that the service's PostgreSQL has, everybody's.",
    where=REPORTER,
)
DATABASE_MOST = metrics.declare(
    "gauge", "eventsourcing_database_max_connections", "The most that it takes: `max_connections`.", where=REPORTER
)
DATABASE_OLDEST = metrics.declare(
    "gauge",
    "eventsourcing_database_oldest_transaction_seconds",
    "Age of the oldest open transaction of those that the service's role may see.",
    where=REPORTER,
)
RUN_AT = metrics.declare(
    "gauge",
    "eventsourcing_maintenance_timestamp_seconds",
    "When a `verify`, `rebuild` or `erased` last came to its end, in seconds since 1970.",
    ["command"],
    where=REPORTER,
)
RUN_SECONDS = metrics.declare(
    "gauge", "eventsourcing_maintenance_duration_seconds", "How long it took.", ["command"], where=REPORTER
)
RUN_DIFFERENCES = metrics.declare(
    "gauge",
    "eventsourcing_maintenance_differences",
    "How many differences it found and did not heal; `erased`: in how many stores it found something.",
    ["command"],
    where=REPORTER,
)


def relay_begins(topics: Iterable[str]) -> None:
    """Have what a relay seldom counts stand at 0 from its start: `increase` does not see a series' first number."""
    for kind in ("broker", "unacknowledged", "database"):
        RELAY_FAILURES.labels(kind)
    for topic in topics:
        MADE_ANEW.labels(topic)


def consumer_begins(consumer: str, topics: Iterable[str]) -> None:
    """The same of a consumer."""
    CONSUMER_FAILURES.labels(consumer)
    PARKED.labels(consumer)
    for topic in topics:
        MADE_ANEW.labels(topic)


@contextmanager
def command_counted(name: str) -> Iterator[None]:
    """Count what the block, a command, comes to."""
    outcome = "failed"
    try:
        yield
        outcome = "accepted"
    except AlreadyAnswered:
        outcome = "repeated"
        raise
    except Problem as problem:
        outcome = "refused" if problem.status < 500 else "failed"
        raise
    finally:
        COMMANDS.labels(name, outcome).inc()


def known(event_type: str) -> str:
    """The type as a label: itself where this service knows it."""
    return event_type if event_type in {one.type for one in schema_registry.all_types()} else UNKNOWN


def count_stored(event_types: Iterable[str]) -> None:
    """These events are committed."""
    for event_type, number in Tally(event_types).items():
        STORED.labels(event_type).inc(number)
