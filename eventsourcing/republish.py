"""When a topic was made anew, all that was ever published to the old one is published again.

Each shard remembers the id of each topic that it was published to. When the broker shows another, the shard's events
up to the present end are published again, in order per stream. What is new goes first, behind what its own stream
lacks: somebody who befriends now does not wait until all history is told.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from eventsourcing import direct, metrics, schema_registry, store
from eventsourcing.event import Event
from eventsourcing.topics import Present

logger = logging.getLogger(__name__)

REMEMBERED = (
    "SELECT shard, topic, topic_id, republished, republish_until FROM relay_topics WHERE shard = ANY(%(shards)s)"
)
# What the present topic has says so by its id, so the whole past may be looked at, whatever is remembered of it.
REMEMBER = """
INSERT INTO relay_topics (shard, topic, topic_id, republished, republish_until)
SELECT %(shard)s, %(topic)s, %(topic_id)s, 0, coalesce(max(sequence), 0) FROM outbox WHERE sequence IS NOT NULL
ON CONFLICT (topic, shard) DO UPDATE
SET topic_id = excluded.topic_id, republished = 0, republish_until = excluded.republish_until
"""
BATCH = f"""
SELECT o.sequence, {store.COLUMNS}
FROM outbox o JOIN events e USING (position) LEFT JOIN personal p USING (event_id)
WHERE o.sequence > %(after)s AND o.sequence <= %(until)s AND o.shard = %(shard)s AND e.type = ANY(%(types)s)
  AND o.topic_id IS DISTINCT FROM %(topic_id)s
ORDER BY o.sequence LIMIT %(limit)s
"""  # noqa: S608 -- assembled from a constant only
OF_STREAMS = f"""
SELECT {store.COLUMNS}
FROM events e JOIN outbox o USING (position) LEFT JOIN personal p USING (event_id)
WHERE e.stream = ANY(%(streams)s) AND e.type = ANY(%(types)s) AND o.published_at IS NOT NULL
  AND o.topic_id IS DISTINCT FROM %(topic_id)s
ORDER BY e.position
"""  # noqa: S608 -- as above
ADVANCE = "UPDATE relay_topics SET republished = %(to)s WHERE shard = %(shard)s AND topic = %(topic)s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """What a shard may still lack in a topic: the events whose sequences are behind `after`, up to `until`."""

    shard: int
    topic: str
    topic_id: UUID
    after: int
    until: int


class Lacking:
    """The gaps of a relay's shards. Looked for when topics or shards have changed, and while there are any."""

    def __init__(self) -> None:
        self._seen: tuple[object, ...] | None = None
        self._gaps: list[Gap] = []

    def contradicts(self, connection: direct.Connection, shards: Sequence[int], present: Present) -> bool:
        """Whether another relay has published one of the shards to another making of a topic than is thought present:
        it may have asked Kafka later than we did."""
        if (tuple(shards), _sorted(present)) == self._seen:
            return False
        known = _remembered(connection, shards)
        return any(
            known.get((shard, name), (found,))[0] != found for shard in shards for name, found in present.items()
        )

    def look(self, connection: direct.Connection, shards: Sequence[int], present: Present) -> list[Gap]:
        """The gaps there are now."""
        seen = (tuple(shards), _sorted(present))
        if self._gaps or seen != self._seen:
            self._gaps, self._seen = _gaps(connection, shards, present), seen
        return self._gaps


def with_lacking(connection: direct.Connection, new: list[Event], gaps: Sequence[Gap], limit: int) -> list[Event]:
    """New events, each behind what its own stream still lacks; where there is room, what other streams lack too.

    In order per stream: the last message of a key must be its newest, for a compacted topic keeps only that.
    They are marked like any others once published, which takes them off the list; so a crash repeats some at most.
    """
    found = {event.position: event for event in new}
    streams = sorted({event.stream for event in new})
    for topic, topic_id in {(gap.topic, gap.topic_id) for gap in gaps}:
        values = {"streams": streams, "types": _types(topic), "topic_id": topic_id}
        rows = direct.fetch(connection, OF_STREAMS, values) if streams else []
        found |= {event.position: event for event in map(store.as_stored, rows)}
    for gap in gaps:
        if len(found) < limit:
            found |= {event.position: event for event in _batch(connection, gap, limit - len(found))}
    return [found[position] for position in sorted(found)]


def _types(topic: str) -> list[str]:
    return sorted({event_type.type for event_type in schema_registry.all_types() if event_type.topic == topic})


def _gaps(connection: direct.Connection, shards: Sequence[int], present: Present) -> list[Gap]:
    known = _remembered(connection, shards)
    pairs = [(shard, topic) for shard in shards for topic in present]
    changed = [pair for pair in pairs if pair not in known or known[pair][0] != present[pair[1]]]
    for shard, topic in changed:
        _remember(connection, shard, topic, present[topic], first=(shard, topic) not in known)
    if changed:
        return _gaps(connection, shards, present)
    found = [
        Gap(shard=shard, topic=topic, topic_id=topic_id, after=after, until=until)
        for (shard, topic), (topic_id, after, until) in ((pair, known[pair]) for pair in pairs)
    ]
    return [gap for gap in found if gap.after < gap.until]


def _sorted(present: Present) -> tuple[tuple[str, UUID], ...]:
    return tuple(sorted(present.items()))


def _remembered(connection: direct.Connection, shards: Sequence[int]) -> dict[tuple[int, str], tuple[Any, ...]]:
    """By shard and topic: the id it was published to, how far it was published again, and up to where it must be."""
    rows = direct.fetch(connection, REMEMBERED, {"shards": list(shards)})
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


def _remember(connection: direct.Connection, shard: int, topic: str, topic_id: UUID, *, first: bool) -> None:
    direct.fetch(connection, REMEMBER, {"shard": shard, "topic": topic, "topic_id": topic_id})
    if not first:
        metrics.MADE_ANEW.labels(topic).inc()
        logger.warning("Topic %s was made anew: shard %d is published to it again", topic, shard)


def _batch(connection: direct.Connection, gap: Gap, limit: int) -> list[Event]:
    values = {
        "after": gap.after,
        "until": gap.until,
        "shard": gap.shard,
        "types": _types(gap.topic),
        "topic_id": gap.topic_id,
        "limit": limit,
    }
    rows = direct.fetch(connection, BATCH, values)
    # What stands before this batch is published to the new topic; what is in it will be asked for again until it is.
    done = rows[0][0] - 1 if rows else gap.until
    direct.fetch(connection, ADVANCE, {"to": done, "shard": gap.shard, "topic": gap.topic})
    return [store.as_stored(row[1:]) for row in rows]
