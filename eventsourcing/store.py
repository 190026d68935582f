"""The event store: append with the version that was expected, load a stream.

Appending writes the event, its personal members and its outbox entry in one statement, inside the transaction of the
command. Two commands that both expect version n of a stream cannot both append n + 1: UNIQUE (stream, version).
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from eventsourcing import footprint, metrics, schema_registry
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
       OR EXISTS (SELECT FROM events
                  WHERE stream = %(stream)s AND version = %(version)s - 1 AND type <> ALL(%(last)s))
    RETURNING position, event_id
), personal AS (
    INSERT INTO personal (event_id, data)
    SELECT event_id, %(personal)s::jsonb FROM event WHERE %(personal)s IS NOT NULL
)
INSERT INTO outbox (position, stream, version, shard)
SELECT position, %(stream)s, %(version)s, %(shard)s FROM event
RETURNING position
"""

# The same for many streams at once, one event each.
APPEND_EACH = """
WITH incoming AS (
    SELECT * FROM json_to_recordset(%(rows)s) AS one (
        event_id uuid, stream text, version int, type text, schema_version smallint, data jsonb, metadata jsonb,
        occurred_at timestamptz, personal jsonb, shard smallint)
), event AS (
    INSERT INTO events (event_id, stream, version, type, schema_version, data, metadata, occurred_at)
    SELECT event_id, stream, version, type, schema_version, data, metadata, occurred_at FROM incoming
    WHERE version = 1
       OR EXISTS (SELECT FROM events before
                  WHERE before.stream = incoming.stream AND before.version = incoming.version - 1
                    AND before.type <> ALL(%(last)s))
    ORDER BY stream
    RETURNING position, event_id
), personal AS (
    INSERT INTO personal (event_id, data)
    SELECT event_id, incoming.personal FROM event JOIN incoming USING (event_id) WHERE incoming.personal IS NOT NULL
)
INSERT INTO outbox (position, stream, version, shard)
SELECT position, stream, version, shard FROM event JOIN incoming USING (event_id)
RETURNING position, stream
"""
# What happened stays; who it was goes.
ERASE = "DELETE FROM personal USING events WHERE personal.event_id = events.event_id AND events.stream = %s"

COLUMNS = """
e.position, e.event_id, e.stream, e.version, e.type, e.schema_version, e.occurred_at, e.data, e.metadata, p.data
"""

LOAD = f"""
SELECT {COLUMNS} FROM events e LEFT JOIN personal p USING (event_id)
WHERE e.stream = ANY(%(streams)s) AND e.version > %(after)s
  AND (%(until)s::timestamptz IS NULL OR e.occurred_at <= %(until)s)
ORDER BY e.stream, e.version LIMIT %(limit)s
"""  # noqa: S608 -- assembled from a constant only

# Backwards through the index of (stream, version), to the first that is old enough.
LAST = f"""
SELECT {COLUMNS} FROM events e LEFT JOIN personal p USING (event_id)
WHERE e.stream = %(stream)s AND e.occurred_at <= %(until)s
ORDER BY e.version DESC LIMIT 1
"""  # noqa: S608 -- as above

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

    Raises VersionConflict where the stream is at another version or has ended (the transaction is then of no more
    use), SchemaViolation or UnknownEventType where an event may not be written; nothing is written then.
    """
    how = metadata or Metadata.current()
    stored = [
        _append_one(stream, version, event, how) for version, event in enumerate(events, start=expected_version + 1)
    ]
    transaction.on_commit(partial(metrics.count_stored, [event.type for event in events]))
    return stored


def append_each(changes: Mapping[str, tuple[int, NewEvent]], *, metadata: Metadata) -> None:
    """Append one event to each of many streams: by stream, the version that it is expected at, and the event.

    Raises as `append`; nothing is written to any stream then.
    """
    rows = [_row(stream, expected + 1, event, metadata) for stream, (expected, event) in changes.items()]
    values = {"rows": _json(rows), "last": sorted(schema_registry.erasures())}
    appended = {stream for _, stream in _execute(APPEND_EACH, values)}
    if len(appended) != len(changes):
        stream = next(stream for stream in changes if stream not in appended)
        raise VersionConflict(f"{stream} is not at version {changes[stream][0]}, or has ended.")
    for stream, (expected, _) in changes.items():
        footprint.note(settings.SERVICE, stream, expected + 1)
    transaction.on_commit(partial(metrics.count_stored, [event.type for _, event in changes.values()]))


def erase(stream: str) -> None:
    """Delete the personal members of all events of a stream; inside the transaction that appends why."""
    with connection.cursor() as cursor:
        cursor.execute(ERASE, [stream])


def _append_one(stream: str, version: int, event: NewEvent, metadata: Metadata) -> Event:
    row = _row(stream, version, event, metadata)
    documents = {name: _json(row[name]) for name in ("data", "metadata", "personal")}
    values = {**row, **documents, "last": sorted(schema_registry.erasures())}
    found = _execute(APPEND, values)
    if not found:
        raise VersionConflict(f"{stream} is not at version {version - 1}, or has ended.")
    footprint.note(settings.SERVICE, stream, version)
    return Event(
        position=int(found[0][0]),
        event_id=row["event_id"],
        stream=stream,
        version=version,
        type=event.type,
        schema_version=row["schema_version"],
        subject=event.subject,
        occurred_at=event.occurred_at,
        metadata=metadata,
        personal=tuple(row["personal"] or ()),
    )


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _row(stream: str, version: int, event: NewEvent, metadata: Metadata) -> dict[str, Any]:
    event_type = schema_registry.newest(event.type)
    event_type.check(event.subject)
    personal = {name: event.subject[name] for name in event_type.personal if name in event.subject}
    return {
        "event_id": context.new_id(),
        "stream": stream,
        "version": version,
        "type": event.type,
        "schema_version": event_type.version,
        "data": {name: value for name, value in event.subject.items() if name not in personal},
        "metadata": asdict(metadata),
        "occurred_at": event.occurred_at,
        "personal": personal or None,
        "shard": shard_of(stream),
    }


def _execute(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement, values)
        except IntegrityError as error:
            if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") != "events_stream_version":
                raise
            raise VersionConflict("Somebody else was faster.") from error
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def as_stored(row: Sequence[Any]) -> Event:
    """An event from a row of `COLUMNS`, as it was written."""
    position, event_id, stream, version, name, schema_version, occurred_at, *documents = row
    # Django leaves jsonb as text; other connections have it parsed.
    data, metadata, personal = (orjson.loads(value) if isinstance(value, str) else value for value in documents)
    subject = data | (personal or {})
    return Event(
        position=position,
        event_id=event_id,
        stream=stream,
        version=version,
        type=name,
        schema_version=schema_version,
        subject=subject,
        occurred_at=occurred_at,
        metadata=Metadata(**metadata),
        personal=tuple(sorted(personal or ())),
        erased=schema_registry.lacking(name, schema_version, subject),
    )


def upcast(event: Event) -> Event:
    """The event, checked against its schema, in its type's newest version.

    One whose personal members are erased stays in its version, and is checked but for them.
    Raises UnknownEventType, SchemaViolation.
    """
    version, subject = schema_registry.read(
        event.type, event.schema_version, dict(event.subject), erased=bool(event.erased)
    )
    return replace(event, schema_version=version, subject=subject)


def load(
    stream: str, *, after_version: int = 0, until: datetime | None = None, limit: int | None = None
) -> list[Event]:
    """The events of a stream in order, those after a version, up to and including a moment; [] if there are none.

    `limit`: at most so many; None: all of them.
    """
    return _load([stream], after_version, until, limit)


def load_many(streams: Sequence[str], *, after_version: int = 0, until: datetime | None = None) -> list[Event]:
    """The same of several streams, one stream after the other."""
    return _load(streams, after_version, until, None)


def _load(streams: Sequence[str], after: int, until: datetime | None, limit: int | None) -> list[Event]:
    with connection.cursor() as cursor:
        cursor.execute(LOAD, {"streams": list(streams), "after": after, "until": until, "limit": limit})
        return [upcast(as_stored(row)) for row in cursor.fetchall()]


def last(stream: str, *, until: datetime) -> Event | None:
    """The last event of a stream up to and including a moment; None where it had not begun."""
    with connection.cursor() as cursor:
        cursor.execute(LAST, {"stream": stream, "until": until})
        row = cursor.fetchone()
    return upcast(as_stored(row)) if row else None


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
