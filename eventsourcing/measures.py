"""What an event-sourced service reports of its database; each look is bounded, however large the tables are."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import Metric

from eventsourcing import deadletters, direct, metrics, schema_registry, topics, totals
from service.metrics import Declared

MOST = 10_000
# The totals add up from then on; only a relay of an older version could leave something out.
_BALANCE_EVERY = 300
HEARTBEAT = "SELECT extract(epoch FROM clock_timestamp() - min(heartbeat_at)) FROM relay_shards"
AGE = "SELECT greatest(0, extract(epoch FROM clock_timestamp() - %s))"
LETTERS = """
SELECT consumer, count(DISTINCT key), count(*) FROM (
    SELECT consumer, key FROM dead_letters WHERE state IN ('parked', 'queued') LIMIT %s) AS one
GROUP BY consumer
"""
# Whose sessions they are is hidden from an ordinary role, how many there are is not.
DATABASE = """
SELECT (SELECT sum(numbackends) FROM pg_stat_database), current_setting('max_connections'),
       (SELECT extract(epoch FROM clock_timestamp() - min(xact_start)) FROM pg_stat_activity
        WHERE backend_type = 'client backend')
"""
RUNS = "SELECT command, extract(epoch FROM finished_at), seconds, differences FROM maintenance_runs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
    """How many there are of something, by the events that begin and end one."""

    declared: Declared
    begin: tuple[str, ...]
    end: tuple[str, ...]

    def of(self, stored: Mapping[str, int]) -> int:
        """The number after the events stored, by type."""
        return sum(stored.get(name, 0) for name in self.begin) - sum(stored.get(name, 0) for name in self.end)


_kinds: list[Total] = []


def count(*kinds: Total) -> None:
    """Have whoever reports for this service say how many there are of these."""
    _kinds.extend(kind for kind in kinds if kind not in _kinds)


class Outbox:
    """What is published and what is not, and what there is by that; nothing of a service that publishes nothing."""

    def __init__(self) -> None:
        self._looks = 0

    def __call__(self, connection: direct.Connection) -> Iterator[Metric]:
        """Measure."""
        if not topics.owned():
            return
        if self._looks % _BALANCE_EVERY == 0:
            totals.balance(connection)
        self._looks += 1
        with direct.snapshot(connection):
            # Seen in two moments, what is published between them would be counted twice.
            waiting = direct.fetch(connection, totals.UNPUBLISHED, [MOST])
            published = totals.published(connection)
        yield _plain(metrics.UNPUBLISHED, sum(number for _, number, _, _ in waiting))
        oldest = min((moment for _, _, moment, _ in waiting), default=None)
        age = direct.fetch(connection, AGE, [oldest])[0][0] if oldest else 0.0
        yield _plain(metrics.OLDEST, float(age))
        yield _by_topic(published)
        stored = dict(published)
        for name, _, _, new in waiting:
            stored[name] = stored.get(name, 0) + new
        for kind in _kinds:
            yield _plain(kind.declared, kind.of(stored))
        yield _plain(metrics.RELAY_HEARTBEAT, float(direct.fetch(connection, HEARTBEAT)[0][0] or 0.0))


def _plain(declared: Declared, value: float) -> Metric:
    family = declared.gauge()
    family.add_metric([], value)
    return family


def _by_topic(published: Mapping[str, int]) -> Metric:
    family = metrics.EVER_PUBLISHED.gauge()
    by_type = {one.type: one.topic for one in schema_registry.all_types()}
    for topic in topics.owned():
        family.add_metric([topic.name], sum(n for name, n in published.items() if by_type.get(name) == topic.name))
    return family


def dead_letters(connection: direct.Connection) -> Iterator[Metric]:
    """What is parked, and what waits: of each consumer that this service has."""
    rows = {name: (keys, letters) for name, keys, letters in direct.fetch(connection, LETTERS, [MOST])}
    keys, letters = metrics.PARKED_KEYS.gauge(), metrics.LETTERS.gauge()
    for consumer in deadletters.consumers():
        found = rows.get(consumer, (0, 0))
        keys.add_metric([consumer], found[0])
        letters.add_metric([consumer], found[1])
    yield keys
    yield letters


def maintenance(connection: direct.Connection) -> Iterator[Metric]:
    """What the last `verify`, `rebuild` and `erased` came to."""
    at, seconds, differences = (one.gauge() for one in (metrics.RUN_AT, metrics.RUN_SECONDS, metrics.RUN_DIFFERENCES))
    for command, finished, took, found in direct.fetch(connection, RUNS):
        at.add_metric([command], float(finished))
        seconds.add_metric([command], took)
        differences.add_metric([command], found)
    yield from (at, seconds, differences)


def database(connection: direct.Connection) -> Iterator[Metric]:
    """How near PostgreSQL is to refusing connections, and what keeps it from cleaning up."""
    ((connections, most, oldest),) = direct.fetch(connection, DATABASE)
    yield _plain(metrics.DATABASE_CONNECTIONS, float(connections))
    yield _plain(metrics.DATABASE_MOST, float(most))
    yield _plain(metrics.DATABASE_OLDEST, float(oldest or 0.0))


def all_of_them() -> tuple[Callable[[direct.Connection], Iterator[Metric]], ...]:
    """What every event-sourced service reports."""
    return Outbox(), dead_letters, database, maintenance
