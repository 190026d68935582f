"""When a topic was made anew, all that was ever published to the old one is published again.

Each shard remembers the id of each topic that it was published to. When the broker shows another, the shard's events
up to the present end are published again, in order per stream, behind whatever is new: somebody who befriends now
does not wait until history is told.
"""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing import direct, schema_registry, store
from eventsourcing.event import Event
from eventsourcing.topics import Present

logger = logging.getLogger(__name__)

REMEMBERED = (
    "SELECT shard, topic, topic_id, republished, republish_until FROM relay_topics WHERE shard = ANY(%(shards)s)"
)
# A shard that was never relayed has nothing to publish again, whatever the topic is.
REMEMBER = """
INSERT INTO relay_topics (shard, topic, topic_id, republished, republish_until)
SELECT %(shard)s, %(topic)s, %(topic_id)s, 0, 0
ON CONFLICT (topic, shard) DO UPDATE
SET topic_id = excluded.topic_id, republished = 0,
    republish_until = (SELECT coalesce(max(sequence), 0) FROM outbox WHERE sequence IS NOT NULL)
"""
BATCH = f"""
SELECT o.sequence, {store.COLUMNS}
FROM outbox o JOIN events e USING (position) LEFT JOIN personal p USING (event_id)
WHERE o.sequence > %(after)s AND o.sequence <= %(until)s AND o.shard = %(shard)s AND e.type = ANY(%(types)s)
  AND o.topic_id IS DISTINCT FROM %(topic_id)s
ORDER BY o.sequence LIMIT %(limit)s
"""  # noqa: S608 -- assembled from a constant only
ADVANCE = "UPDATE relay_topics SET republished = %(to)s WHERE shard = %(shard)s AND topic = %(topic)s"


def next_batch(connection: direct.Connection, shards: Sequence[int], present: Present, limit: int) -> list[Event]:
    """Up to `limit` events of the shards that a topic made anew still lacks, in order per stream.

    They are marked like any others once published, which takes them off this list; so a crash repeats some at most.
    """
    for (shard, topic), state in _progress(connection, shards, present).items():
        if state[1] < state[2] and (events := _lacking(connection, shard, topic, state, limit)):
            return events
    return []


def _progress(
    connection: direct.Connection, shards: Sequence[int], present: Present
) -> dict[tuple[int, str], tuple[Any, ...]]:
    """By shard and topic: the topic's id, how far it was published again, how far it has to be."""
    known = {(row[0], row[1]): row[2:] for row in direct.fetch(connection, REMEMBERED, {"shards": list(shards)})}
    pairs = [(shard, topic) for shard in shards for topic in present]
    changed = [pair for pair in pairs if pair not in known or known[pair][0] != present[pair[1]]]
    for shard, topic in changed:
        _remember(connection, shard, topic, present[topic], first=(shard, topic) not in known)
    return _progress(connection, shards, present) if changed else {pair: known[pair] for pair in pairs}


def _remember(connection: direct.Connection, shard: int, topic: str, topic_id: UUID, *, first: bool) -> None:
    direct.fetch(connection, REMEMBER, {"shard": shard, "topic": topic, "topic_id": topic_id})
    if not first:
        logger.warning("Topic %s was made anew: shard %d is published to it again", topic, shard)


def _lacking(
    connection: direct.Connection, shard: int, topic: str, state: tuple[Any, ...], limit: int
) -> list[Event]:
    topic_id, after, until = state
    types = [event_type.type for event_type in schema_registry.all_types() if event_type.topic == topic]
    values = {"after": after, "until": until, "shard": shard, "types": types, "topic_id": topic_id, "limit": limit}
    rows = direct.fetch(connection, BATCH, values)
    # What stands before this batch is published to the new topic; what is in it will be asked for again until it is.
    done = rows[0][0] - 1 if rows else until
    direct.fetch(connection, ADVANCE, {"to": done, "shard": shard, "topic": topic})
    return [store.as_stored(row[1:]) for row in rows]
