"""The service's own event log: ordered, immutable, the only thing that the graph is made from.

Positions are given under an advisory lock per partition of a topic, from what is committed: they have no gaps and
never become visible out of order, so that the projector can follow them with a cursor.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import orjson
from django.db import connection

from eventsourcing import erasure, store, wakeup
from eventsourcing.consumer import Message, Subscription, Transient
from eventsourcing.envelope import Envelope
from eventsourcing.erasure import Erasure
from eventsourcing.event import Event
from recommendations.events import TOPICS
from service import clock

CONSUMER = "recommendations"
PROJECTOR = "projector"
CHANNEL = "log"

LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"
# Whoever fills the log anew holds it alone, for as long as the session lives ("LR", then any partition).
REFILL_LOCK = 0x4C52
MAY_RECEIVE = "SELECT pg_try_advisory_xact_lock_shared(%s, 0)"
# Statements of their own: each sees what was committed before the lock was given.
APPEND = """
WITH incoming AS (
    SELECT DISTINCT ON (event_id) *
    FROM json_to_recordset(%(rows)s) AS one (
        ordinal int, topic text, partition int, source_offset bigint, event_id uuid, event_type text,
        schema_version smallint, stream text, stream_version int, data jsonb, personal jsonb, names text[],
        metadata jsonb,
        occurred_at timestamptz)
    ORDER BY event_id, ordinal
), fresh AS (
    SELECT incoming.*, row_number() OVER (PARTITION BY topic, partition ORDER BY ordinal) AS place
    FROM incoming WHERE NOT EXISTS (SELECT FROM log WHERE log.event_id = incoming.event_id)
), appended AS (
    INSERT INTO log (topic, partition, position, event_id, event_type, schema_version, stream, stream_version, data,
                     personal, metadata, occurred_at, received_at, source_offset, source_topic_id)
    SELECT topic, partition, place + coalesce(%(after)s::bigint, (
               SELECT position FROM log WHERE log.topic = fresh.topic AND log.partition = fresh.partition
               ORDER BY position DESC LIMIT 1), 0),
           event_id, event_type, schema_version, stream, stream_version, data, names, metadata, occurred_at,
           %(received_at)s, source_offset,
           (SELECT topic_id FROM consumer_topics seen WHERE seen.consumer = %(consumer)s AND seen.topic = fresh.topic)
    FROM fresh ORDER BY ordinal
), personal AS (
    INSERT INTO log_personal (event_id, data) SELECT event_id, personal FROM fresh WHERE personal IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM fresh
"""
FORGET = "DELETE FROM log_personal USING log WHERE log_personal.event_id = log.event_id AND log.stream = %s"
COLUMNS = """
l.topic, l.partition, l.personal, l.position, l.event_id, l.stream, l.stream_version, l.event_type, l.schema_version,
l.occurred_at, l.data, l.metadata, p.data
"""
# One look into the index for each partition, whatever the size of the log.
ENDS = """
WITH RECURSIVE place AS (
    (SELECT topic, partition FROM log ORDER BY topic, partition LIMIT 1)
    UNION ALL
    SELECT next.topic, next.partition FROM place CROSS JOIN LATERAL (
        SELECT topic, partition FROM log WHERE (topic, partition) > (place.topic, place.partition)
        ORDER BY topic, partition LIMIT 1) next
)
SELECT place.topic, place.partition, last.position, last.event_id FROM place CROSS JOIN LATERAL (
    SELECT position, event_id FROM log WHERE log.topic = place.topic AND log.partition = place.partition
    ORDER BY position DESC LIMIT 1) last
"""
# Apart from the above: together their cost is so overestimated that PostgreSQL compiles them (JIT) at every look.
FOLLOW = f"""
SELECT entry.*
FROM unnest(%(topics)s::text[], %(partitions)s::int[], %(positions)s::bigint[]) AS place (topic, partition, position)
CROSS JOIN LATERAL (
    SELECT {COLUMNS} FROM log l LEFT JOIN log_personal p USING (event_id)
    WHERE l.topic = place.topic AND l.partition = place.partition AND l.position >= place.position
    ORDER BY l.position LIMIT %(limit)s) entry
"""  # noqa: S608 -- assembled from a constant only
# What somebody decided to discard is as if it had not come.
LAST = f"""
SELECT DISTINCT ON (l.stream) {COLUMNS}
FROM log l LEFT JOIN log_personal p USING (event_id)
JOIN unnest(%(topics)s::text[], %(partitions)s::int[], %(positions)s::bigint[]) AS bound (topic, partition, position)
  ON bound.topic = l.topic AND bound.partition = l.partition AND l.position <= bound.position
WHERE l.stream = ANY(%(streams)s)
  AND NOT EXISTS (SELECT FROM dead_letters d
                  WHERE d.consumer = %(projector)s AND d.event_id = l.event_id AND d.state = 'discarded')
ORDER BY l.stream, l.stream_version DESC
"""  # noqa: S608 -- as above
STREAMS = "SELECT DISTINCT stream FROM log WHERE stream > %s ORDER BY stream LIMIT %s"
AT = f"""
SELECT {COLUMNS}
FROM unnest(%(streams)s::text[], %(versions)s::int[]) AS wanted (stream, version)
JOIN log l ON l.stream = wanted.stream AND l.stream_version = wanted.version
LEFT JOIN log_personal p USING (event_id)
"""  # noqa: S608 -- as above
UNKNOWN = "SELECT name FROM unnest(%s::text[]) AS name WHERE NOT EXISTS (SELECT FROM log WHERE stream = name)"
SELECTED = """
FROM log l LEFT JOIN log_personal p USING (event_id)
WHERE l.id > %(after)s AND l.position >= %(from_position)s
  AND (%(topic)s::text IS NULL OR l.topic = %(topic)s)
  AND (%(partition)s::int IS NULL OR l.partition = %(partition)s)
  AND (%(since)s::timestamptz IS NULL OR l.occurred_at >= %(since)s)
  AND (%(stream)s::text IS NULL OR l.stream = %(stream)s)
"""
COUNT = f"SELECT count(*) {SELECTED}"
BATCH = f"SELECT l.id, {COLUMNS} {SELECTED} ORDER BY l.id LIMIT %(limit)s"


class Place(NamedTuple):
    """One partition of a topic: events are ordered within it."""

    topic: str
    partition: int


Positions = Mapping[Place, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A place in one partition of the log: the position, and the event that stands there."""

    position: int
    event_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A logged event, and the partition in which `event.position` counts."""

    place: Place
    event: Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which entries to read again; all by default."""

    from_position: int = 1
    topic: str | None = None
    partition: int | None = None
    since: datetime | None = None
    stream: str | None = None


def lock_numbers(topic: str, partition: int) -> list[int]:
    """The two 32-bit numbers, signed, of the advisory lock under which a partition's positions are given."""
    return [zlib.crc32(topic.encode()) - 2**31, partition]


def _row(ordinal: int, message: Message, envelope: Envelope, *, erased: bool) -> dict[str, Any]:
    subject = envelope.subject
    personal = {name: subject[name] for name in envelope.personal if name in subject}
    return {
        "ordinal": ordinal,
        "topic": message.topic,
        "partition": message.partition,
        "source_offset": message.offset,
        "event_id": str(envelope.event_id),
        "event_type": envelope.event_type,
        "schema_version": envelope.schema_version,
        "stream": envelope.stream,
        "stream_version": envelope.stream_version,
        "data": {name: value for name, value in subject.items() if name not in personal},
        "personal": None if erased else personal or None,
        "names": sorted({*personal, *envelope.erased}),
        "metadata": asdict(envelope.metadata),
        "occurred_at": envelope.occurred_at.isoformat(),
    }


def append(messages: Sequence[Message], *, after: int | None = None) -> None:
    """Append what is not in the log yet, in the order given, at the end of each message's partition (or, to fill a
    gap, behind the position `after`).

    Call it inside `atomic()`; an event delivered again is dropped by its id. Of a stream that is known to be erased,
    no personal members are kept.
    """
    erasure.note([message.erasure for message in messages if message.erasure])
    erasure.hold()
    events = [(message, message.envelope) for message in messages if message.envelope is not None]
    erased = erasure.noted({event.stream for _, event in events})
    rows = [_row(n, *one, erased=one[1].stream in erased) for n, one in enumerate(events)]
    with connection.cursor() as cursor:
        # In one order, so that two consumers that swap partitions cannot wait for each other.
        for topic, partition in sorted({(message.topic, message.partition) for message in messages}):
            cursor.execute(LOCK, lock_numbers(topic, partition))
        values: dict[str, Any] = {
            "rows": orjson.dumps(rows).decode(),
            "received_at": clock.now(),
            "consumer": CONSUMER,
            "after": after,
        }
        cursor.execute(APPEND, values)


def forget(one: Erasure) -> None:
    """Delete the personal members of a stream: what happened stays in the log, who it was does not."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [one.stream])


def receive(messages: Sequence[Message]) -> None:
    """The consumer's handler: append, unless the log is just being filled anew from Kafka.

    Raises Transient then: what is new must come behind what is old.
    """
    with connection.cursor() as cursor:
        cursor.execute(MAY_RECEIVE, [REFILL_LOCK])
        (may,) = cursor.fetchone()
    if not may:
        raise Transient("the log is being filled anew from Kafka")
    append(messages)


def lacks(topic: str, partition: int) -> bool:
    """Whether the log has nothing of that partition."""
    return not _fetch("SELECT FROM log WHERE topic = %s AND partition = %s LIMIT 1", [topic, partition])


SUBSCRIPTION = Subscription(
    name=CONSUMER, topics=TOPICS, handler=receive, after_commit=partial(wakeup.announce, CHANNEL), lacks=lacks
)


def _arrays(positions: Positions) -> dict[str, list[Any]]:
    return {
        "topics": [place.topic for place in positions],
        "partitions": [place.partition for place in positions],
        "positions": list(positions.values()),
    }


def _entry(row: Sequence[Any]) -> Entry:
    event = store.as_stored(row[3:])
    # The log says itself what an event came with, also of types that this version of the service does not know.
    gone = tuple(name for name in row[2] if name not in event.personal)
    return Entry(place=Place(row[0], row[1]), event=replace(event, erased=gone))


def _fetch(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def ends() -> dict[Place, Mark]:
    """Where each partition ends."""
    return {Place(*row[:2]): Mark(position=row[2], event_id=str(row[3])) for row in _fetch(ENDS, None)}


def follow(positions: Positions, *, limit: int) -> dict[Place, list[Entry]]:
    """Of each of the partitions at most `limit` entries in order, from the position on."""
    found: dict[Place, list[Entry]] = {place: [] for place in positions}
    for row in _fetch(FOLLOW, {**_arrays(positions), "limit": limit}) if positions else ():
        entry = _entry(row)
        found[entry.place].append(entry)
    return found


def last_entries(streams: Sequence[str], upto: Positions) -> list[Entry]:
    """Of each stream the event of the highest version up to the positions; discarded ones do not count."""
    values = {**_arrays(upto), "streams": list(streams), "projector": PROJECTOR}
    return [_entry(row) for row in _fetch(LAST, values)]


def entries_at(versions: Mapping[str, int]) -> list[Entry]:
    """Of each stream the event of that version, where the log has it."""
    values = {"streams": list(versions), "versions": list(versions.values())}
    return [_entry(row) for row in _fetch(AT, values)] if versions else []


def streams(*, after: str = "", batch: int = 500) -> Iterator[list[str]]:
    """The names of all streams in byte order, in lists of at most `batch`, behind the stream `after`."""
    while found := [name for (name,) in _fetch(STREAMS, [after, batch])]:
        yield found
        after = found[-1]


def count_streams(*, after: str = "") -> int:
    """How many streams there are behind the stream `after`."""
    return int(_fetch("SELECT count(DISTINCT stream) FROM log WHERE stream > %s", [after])[0][0])


def unknown(names: Sequence[str]) -> list[str]:
    """Those of the streams of which the log has no event."""
    return [name for (name,) in _fetch(UNKNOWN, [list(names)])] if names else []


def count(selection: Selection) -> int:
    """How many entries are selected."""
    return int(_fetch(COUNT, {**asdict(selection), "after": 0})[0][0])


def batches(selection: Selection, *, limit: int = 500) -> Iterator[list[Entry]]:
    """The selected entries, those of one partition in order, in lists of at most `limit`."""
    after = 0
    while rows := _fetch(BATCH, {**asdict(selection), "after": after, "limit": limit}):
        yield [_entry(row[1:]) for row in rows]
        after = rows[-1][0]


def as_logged(row: Sequence[Any]) -> Entry:
    """An entry from a row of COLUMNS."""
    return _entry(row)
