"""The event store: append with the version that was expected, load a stream.

Appending writes the event, its personal members and its outbox entry in one statement, inside the transaction of the
command. Two commands that both expect version n of a stream cannot both append n + 1: UNIQUE (stream, version).
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError, connection

from eventsourcing import schema_registry
from eventsourcing.event import Event, Metadata, NewEvent
from service import context


class VersionConflict(Exception):
    """Somebody else appended to the stream in the meantime; load it again and decide again."""


# For ever: entries keep the shard that they were written with. So many relays can share a service's work.
SHARDS = 16

APPEND = """
WITH event AS (
    INSERT INTO events (event_id, stream, version, type, schema_version, data, metadata, occurred_at)
    SELECT %(event_id)s, %(stream)s, %(version)s, %(type)s, %(schema_version)s, %(data)s::jsonb, %(metadata)s::jsonb,
           %(occurred_at)s
    WHERE %(version)s = 1
       OR EXISTS (SELECT FROM events WHERE stream = %(stream)s AND version = %(version)s - 1)
    RETURNING position, event_id
), personal AS (
    INSERT INTO personal (event_id, data)
    SELECT event_id, %(personal)s::jsonb FROM event WHERE %(personal)s IS NOT NULL
)
INSERT INTO outbox (position, stream, version, shard)
SELECT position, %(stream)s, %(version)s, %(shard)s FROM event
RETURNING position
"""

COLUMNS = """
e.position, e.event_id, e.stream, e.version, e.type, e.schema_version, e.occurred_at, e.data, e.metadata, p.data
"""

LOAD = f"""
SELECT {COLUMNS} FROM events e LEFT JOIN personal p USING (event_id)
WHERE e.stream = ANY(%(streams)s) AND e.version > %(after)s
  AND (%(until)s::timestamptz IS NULL OR e.occurred_at <= %(until)s)
ORDER BY e.stream, e.version
"""  # noqa: S608 -- assembled from a constant only

STREAMS = """
SELECT DISTINCT stream FROM events
WHERE stream > %(after)s AND stream >= %(low)s AND stream < %(high)s
ORDER BY stream LIMIT %(limit)s
"""


def shard_of(stream: str) -> int:
    """The relay shard of a stream: the same for all its events, from 0 to below SHARDS, evenly spread."""
    return zlib.crc32(stream.encode()) % SHARDS


def append(
    stream: str, *, expected_version: int, events: Sequence[NewEvent], metadata: Metadata | None = None
) -> list[Event]:
    """Append events behind version `expected_version` (0: the stream is new); call it inside `atomic()`.

    Raises VersionConflict where the stream is at another version (the transaction is then of no more use),
    SchemaViolation or UnknownEventType where an event may not be written; nothing is written then.
    """
    how = metadata or Metadata.current()
    return [
        _append_one(stream, version, event, how) for version, event in enumerate(events, start=expected_version + 1)
    ]


def _append_one(stream: str, version: int, event: NewEvent, metadata: Metadata) -> Event:
    event_type = schema_registry.newest(event.type)
    event_type.check(event.subject)
    personal = {name: event.subject[name] for name in event_type.personal if name in event.subject}
    data = {name: value for name, value in event.subject.items() if name not in personal}
    event_id = context.new_id()
    values = {
        "event_id": event_id,
        "stream": stream,
        "version": version,
        "type": event.type,
        "schema_version": event_type.version,
        "data": orjson.dumps(data).decode(),
        "metadata": orjson.dumps(asdict(metadata)).decode(),
        "occurred_at": event.occurred_at,
        "personal": orjson.dumps(personal).decode() if personal else None,
        "shard": shard_of(stream),
    }
    return Event(
        position=_insert(values),
        event_id=event_id,
        stream=stream,
        version=version,
        type=event.type,
        schema_version=event_type.version,
        subject=event.subject,
        occurred_at=event.occurred_at,
        metadata=metadata,
        personal=event_type.personal,
    )


def _insert(values: Mapping[str, Any]) -> int:
    with connection.cursor() as cursor:
        try:
            cursor.execute(APPEND, values)
        except IntegrityError as error:
            if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") != "events_stream_version":
                raise
            raise VersionConflict(f"{values['stream']} has version {values['version']} already.") from error
        row = cursor.fetchone()
    if row is None:
        raise VersionConflict(f"{values['stream']} is not at version {values['version'] - 1}.")
    return int(row[0])


def as_stored(row: Sequence[Any]) -> Event:
    """An event from a row of `COLUMNS`, as it was written."""
    position, event_id, stream, version, name, schema_version, occurred_at, *documents = row
    # Django leaves jsonb as text; other connections have it parsed.
    data, metadata, personal = (orjson.loads(value) if isinstance(value, str) else value for value in documents)
    return Event(
        position=position,
        event_id=event_id,
        stream=stream,
        version=version,
        type=name,
        schema_version=schema_version,
        subject=data | (personal or {}),
        occurred_at=occurred_at,
        metadata=Metadata(**metadata),
        personal=tuple(sorted(personal or ())),
    )


def upcast(event: Event) -> Event:
    """The event, checked against its schema, in its type's newest version.

    One whose personal members are erased stays as it is: it no longer keeps to its schema, on purpose.
    Raises UnknownEventType, SchemaViolation.
    """
    personal = schema_registry.find(event.type, event.schema_version).personal
    if any(member not in event.subject for member in personal):
        return event
    version, subject = schema_registry.read(event.type, event.schema_version, dict(event.subject))
    return replace(event, schema_version=version, subject=subject)


def load(stream: str, *, after_version: int = 0, until: datetime | None = None) -> list[Event]:
    """The events of a stream in order, those after a version, up to and including a moment; [] if there are none."""
    return load_many([stream], after_version=after_version, until=until)


def load_many(streams: Sequence[str], *, after_version: int = 0, until: datetime | None = None) -> list[Event]:
    """The same of several streams, one stream after the other."""
    with connection.cursor() as cursor:
        cursor.execute(LOAD, {"streams": list(streams), "after": after_version, "until": until})
        return [upcast(as_stored(row)) for row in cursor.fetchall()]


def category_streams(category: str, *, after: str = "", batch: int = 500) -> Iterator[list[str]]:
    """The names of all streams `category-…` in byte order, in lists of at most `batch`, behind the stream `after`."""
    # "." is the byte after "-": the range holds exactly the names that begin with "category-".
    bounds: dict[str, str | int] = {"low": f"{category}-", "high": f"{category}.", "limit": batch}
    while True:
        with connection.cursor() as cursor:
            cursor.execute(STREAMS, {**bounds, "after": after})
            streams = [row[0] for row in cursor.fetchall()]
        if not streams:
            return
        yield streams
        after = streams[-1]
