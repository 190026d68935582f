"""What the projector counts, and what is reported of log and graph."""

from eventsourcing.metrics import DELAYS, PARKED
from service import metrics

PROJECTOR, LEADER = "each projector", "the leading projector"

LEADING = metrics.gauge("projector_leading", "1: this projector is the active one; 0: it stands by.", where=PROJECTOR)
PROJECTED = metrics.counter(
    "projector_events_projected_total",
    "Events of the log brought into the graph; again, when a graph is made anew.",
    ["type"],
    where=PROJECTOR,
)
VISIBLE = metrics.histogram(
    "projector_commit_to_visible_seconds",
    "Seconds from an event's commit in its event store until the graph has it; again, when a graph is made anew.",
    where=PROJECTOR,
    buckets=DELAYS,
)
FAILURES = metrics.counter(
    "projector_failures_total", "Failures by kind: `graph`, `database`; it tries again.", ["kind"], where=PROJECTOR
)

LOG_EVENTS = metrics.declare(
    "gauge", "recommendations_log_events", "Events in the log, each counted once.", ["topic"], where=LEADER
)
LOG_END = metrics.declare(
    "gauge",
    "recommendations_log_position",
    "Where each partition of the log ends.",
    ["topic", "partition"],
    where=LEADER,
)
CHECKPOINT = metrics.declare(
    "gauge",
    "projector_checkpoint_position",
    "Up to where each partition of the log is in the graph.",
    ["topic", "partition"],
    where=LEADER,
)
LAG_EVENTS = metrics.declare(
    "gauge", "projector_lag_events", "Events of the log that the graph does not have yet.", where=LEADER
)
LAG_SECONDS = metrics.declare(
    "gauge",
    "projector_lag_seconds",
    "How long ago the oldest event was received that the graph does not have yet; 0: it has all.",
    where=LEADER,
)


def projector_begins(consumer: str) -> None:
    """Have what a projector seldom counts stand at 0 from its start."""
    for kind in ("graph", "database"):
        FAILURES.labels(kind)
    PARKED.labels(consumer)
