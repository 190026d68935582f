"""What is reported of log and graph: how far each partition is, and what is still to come."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Metric

from eventsourcing import direct
from recommendations import log, metrics
from recommendations.events import TOPICS
from recommendations.log import Place
from recommendations.projection import Checkpoints

AGE = """
SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(log.received_at)))
FROM unnest(%(topics)s::text[], %(partitions)s::int[], %(positions)s::bigint[]) AS next (topic, partition, position)
JOIN log USING (topic, partition, position)
"""


class Progress:
    """Measures the log against `reached`, the checkpoints as the projector last knew them; None: it does not yet."""

    def __init__(self, reached: Callable[[], Checkpoints | None]) -> None:
        self._reached = reached

    def __call__(self, connection: direct.Connection) -> Iterator[Metric]:
        """Measure."""
        ends = {Place(topic, partition): int(end) for topic, partition, end, _ in direct.fetch(connection, log.ENDS)}
        yield from _log(ends)
        reached = self._reached()
        if reached is None:
            return
        positions = {place: mark.position for place, mark in reached.items()}
        yield _by_place(metrics.CHECKPOINT.gauge(), positions)
        left = {place: end - positions.get(place, 0) for place, end in ends.items() if end > positions.get(place, 0)}
        lag, age = metrics.LAG_EVENTS.gauge(), metrics.LAG_SECONDS.gauge()
        lag.add_metric([], sum(left.values()))
        age.add_metric([], _age(connection, {place: positions.get(place, 0) + 1 for place in left}))
        yield from (lag, age)


def _log(ends: Mapping[Place, int]) -> Iterator[Metric]:
    # Positions have no gaps: where a partition ends is how many events it has.
    events = metrics.LOG_EVENTS.gauge()
    for topic in sorted({place.topic for place in ends} | set(TOPICS)):
        events.add_metric([topic], sum(end for place, end in ends.items() if place.topic == topic))
    yield events
    yield _by_place(metrics.LOG_END.gauge(), ends)


def _by_place(family: Metric, positions: Mapping[Place, int]) -> Metric:
    for place, position in positions.items():
        family.add_sample(family.name, {"topic": place.topic, "partition": str(place.partition)}, position)
    return family


def _age(connection: direct.Connection, next_positions: Mapping[Place, int]) -> float:
    if not next_positions:
        return 0.0
    found = direct.fetch(
        connection,
        AGE,
        {
            "topics": [place.topic for place in next_positions],
            "partitions": [place.partition for place in next_positions],
            "positions": list(next_positions.values()),
        },
    )
    return float(found[0][0] or 0.0)
