"""Does Kafka have what the outbox calls published? Reads whole topics: `verify --topics`.

A mark without its message is what a broker leaves that lost its disk and kept its topic ids, or a hand in the table:
the relay would never send that event again. Of a compacted topic only the last event of each key must be there, and
nothing older behind it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from django.db import connection

from eventsourcing import integrity, schema_registry, topic_reader, topics
from eventsourcing.consumer import Message
from eventsourcing.integrity import Finding
from eventsourcing.topics import Topic

MARKED = """
SELECT o.position, e.event_id, o.stream, o.version, o.partition, o."offset"
FROM outbox o JOIN events e USING (position)
WHERE o.published_at IS NOT NULL AND o.topic_id = %s AND e.type = ANY(%s) AND o.partition IS NOT NULL
  AND o."offset" IS NOT NULL
ORDER BY o.position
"""
UNMARK = "UPDATE outbox SET published_at = NULL WHERE position = %s"
PERSONAL = """
INSERT INTO personal (event_id, data) SELECT %(event_id)s, %(members)s::jsonb
WHERE NOT EXISTS (SELECT FROM events WHERE stream = %(stream)s AND type = ANY(%(erasures)s)) ON CONFLICT DO NOTHING
"""
KNOWN = "SELECT event_id FROM events WHERE event_id = ANY(%s)"
FOREIGN = "It was published from another store, or this one was restored from an older backup: restore a newer one."


@dataclass(frozen=True, slots=True)
class Mark:
    """An event that is marked as published: where it stands in the store, and in the topic."""

    position: int
    event_id: UUID
    stream: str
    version: int
    partition: int
    offset: int


class Told:
    """What a topic was found to have: the places of each event, and the bodies of some."""

    def __init__(self, wanted: set[UUID]) -> None:
        self._wanted = wanted
        self.places: dict[UUID, set[tuple[int, int]]] = defaultdict(set)
        self.bodies: dict[UUID, Message] = {}

    def take(self, message: Message) -> None:
        """Note one message."""
        if message.envelope is not None:
            self.places[message.envelope.event_id].add((message.partition, message.offset))
            if message.envelope.event_id in self._wanted:
                self.bodies[message.envelope.event_id] = message

    def end(self, event_id: UUID) -> int:
        """The offset of the event's last message; -1 where there is none."""
        return max((offset for _, offset in self.places.get(event_id, ())), default=-1)


Comparison = Callable[[], Iterable[Finding]]
_others: list[Comparison] = []


def register(comparison: Comparison) -> None:
    """Have `verify` also compare what a service has made of others' topics."""
    _others.append(comparison)


def verify() -> Iterator[Finding]:
    """Every difference between the service's tables and the topics. Raises kafka.errors.KafkaError."""
    yield from _outbox()
    for comparison in _others:
        yield from comparison()


def _outbox() -> Iterator[Finding]:
    ids = topics.TopicIds([topic.name for topic in topics.owned()])
    try:
        present = ids.current()
    finally:
        ids.close()
    for topic in topics.owned():
        if topic.name not in present:
            yield Finding(what=f"topic {topic.name}: it is not there", advice="`topics` makes it.")
        else:
            yield from _compare(topic, present[topic.name])


def _compare(topic: Topic, topic_id: UUID) -> Iterator[Finding]:
    types = sorted({one.type for one in schema_registry.all_types() if one.topic == topic.name})
    with connection.cursor() as cursor:
        cursor.execute(MARKED, [topic_id, types])
        marks = [Mark(*row) for row in cursor.fetchall()]
    missing_names = {row["event_id"]: row for row in integrity.without_personal()}
    told = Told(set(missing_names))
    for message in topic_reader.read(topic.name, _ends(marks) | _later(topic, marks)):
        told.take(message)
    yield from _lacking(_needed(topic, marks), told)
    yield from _misplaced(topic, marks, told)
    yield from _outlived(topic, marks, told)
    yield from _foreign(topic, told)
    yield from _personal(told)


def _ends(marks: Sequence[Mark]) -> dict[int, int]:
    found: dict[int, int] = {}
    for mark in marks:
        found[mark.partition] = max(found.get(mark.partition, 0), mark.offset + 1)
    return found


def _later(topic: Topic, marks: Sequence[Mark]) -> dict[int, int]:
    """What stands behind the last mark of each partition is a repeat, or under way: see `_outlived`."""
    known = _ends(marks)
    found = topic_reader.ends(topic.name)
    return {partition: end for partition, end in found.items() if end > known.get(partition, 0)}


def _compacted(topic: Topic) -> bool:
    return "compact" in topic.settings.get("cleanup.policy", "")


def _needed(topic: Topic, marks: Sequence[Mark]) -> list[Mark]:
    """Those that must still be there."""
    if not _compacted(topic):
        return list(marks)
    last: dict[str, Mark] = {}
    for mark in marks:
        if mark.stream not in last or last[mark.stream].version < mark.version:
            last[mark.stream] = mark
    return list(last.values())


def _again(mark: Mark, what: str) -> Finding:
    """Its mark taken away: the relay publishes it again."""
    return Finding(what=what, heal=lambda: integrity.execute(UNMARK, [mark.position]))


def _lacking(needed: Sequence[Mark], told: Told) -> Iterator[Finding]:
    for mark in needed:
        if mark.event_id not in told.places:
            yield _again(mark, f"{mark.stream} v{mark.version}: marked as published, but Kafka does not have it")


def _misplaced(topic: Topic, marks: Sequence[Mark], told: Told) -> Iterator[Finding]:
    for mark in marks:
        places = told.places.get(mark.event_id)
        if not places or (mark.partition, mark.offset) in places:
            continue
        # Compaction keeps the last of several messages of one event, and the mark may be that of an earlier one.
        if not (_compacted(topic) and mark.offset < max(offset for _, offset in places)):
            yield _again(mark, f"{mark.stream} v{mark.version}: marked at a place where Kafka does not have it")


def _outlived(topic: Topic, marks: Sequence[Mark], told: Told) -> Iterator[Finding]:
    """An older version behind the newest, as a relay leaves it that hung and was killed before it made that good:
    compaction would keep just that one."""
    if not _compacted(topic):
        return
    last: dict[str, int] = {}
    for mark in marks:
        last[mark.stream] = max(last.get(mark.stream, -1), told.end(mark.event_id))
    for mark in _needed(topic, marks):
        if -1 < told.end(mark.event_id) < last[mark.stream]:
            yield _again(mark, f"{mark.stream} v{mark.version}: the last message of its key is an older version")


def _foreign(topic: Topic, told: Told) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [list(told.places)])
        known = {row[0] for row in cursor.fetchall()}
    for event_id in told.places.keys() - known:
        yield Finding(what=f"topic {topic.name} has event {event_id}, which the store does not have", advice=FOREIGN)


def _personal(told: Told) -> Iterator[Finding]:
    for event_id, message in told.bodies.items():
        found = message.envelope
        members: Mapping[str, object] = (
            {name: found.subject[name] for name in found.personal if name in found.subject} if found else {}
        )
        if found and members:
            values = {
                "event_id": event_id,
                "members": orjson.dumps(members).decode(),
                "stream": found.stream,
                "erasures": sorted(schema_registry.erasures()),
            }
            yield Finding(
                what=f"{found.stream} v{found.stream_version}: its personal members are in Kafka",
                heal=lambda values=values: integrity.execute(PERSONAL, values),  # type: ignore[misc]
            )
