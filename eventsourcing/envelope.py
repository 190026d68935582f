"""Events as messages on Kafka: the reference system's JSON, with members added and none renamed or dropped.

Its consumers know `id` (a signed 32-bit integer), `eventType`, `createdAt` and `lastModified` (epoch milliseconds)
and `subject`; friend events carry `friendMessage: null`. Everything else is ours.

Of an event that was erased the personal members are null, as the reference system's consumers can read them, and
`erased` names them: no reader takes that null for a broken event or for a name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from eventsourcing import schema_registry
from eventsourcing.event import Event, Metadata, key_of
from service import clock

MAX_STREAM = 200
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Malformed(Exception):
    """A message is not one of our events; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """An event as it was received. `personal` names the subject's personal members, `erased` those that were taken
    from it before it was sent."""

    event_id: UUID
    event_type: str
    schema_version: int
    stream: str
    stream_version: int
    occurred_at: datetime
    subject: dict[str, Any]
    personal: tuple[str, ...]
    metadata: Metadata
    erased: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The Kafka key: events of one key are in order."""
        return key_of(self.stream)


def derived_id(event_id: UUID) -> int:
    """A number of 31 bits for consumers that know only such ids; the real identity is `eventId`.

    Taken from the random end of the UUIDv7: its beginning is the time and the same for neighbours.
    """
    return event_id.int & 0x7FFF_FFFF


def to_json(event: Event) -> bytes:
    """The message of a stored event."""
    moment = clock.epoch_milliseconds(event.occurred_at)
    body: dict[str, Any] = {
        "id": derived_id(event.event_id),
        "eventType": event.type,
        "createdAt": moment,
        "lastModified": moment,
        "subject": {**event.subject, **dict.fromkeys(event.erased)},
    }
    if event.type.startswith("FRIEND_"):
        body["friendMessage"] = None
    body |= {
        "eventId": str(event.event_id),
        "schemaVersion": event.schema_version,
        "stream": event.stream,
        "streamVersion": event.version,
        "occurredAt": clock.iso(event.occurred_at),
        "personal": (*event.personal, *event.erased),
        "correlationId": event.metadata.correlation_id,
        "causationId": event.metadata.causation_id,
        "traceparent": event.metadata.traceparent,
        "actor": event.metadata.actor,
    }
    if event.erased:
        body["erased"] = event.erased
    return orjson.dumps(body)


def headers(event: Event) -> list[tuple[str, bytes]]:
    """The message's headers: what a consumer may want to know before it reads the JSON."""
    return [
        ("event-id", str(event.event_id).encode()),
        ("event-type", event.type.encode()),
        ("schema-version", str(event.schema_version).encode()),
        ("traceparent", event.metadata.traceparent.encode()),
    ]


def from_json(value: bytes | None) -> Envelope:
    """The event in a message; members that we do not know are fine.

    Raises Malformed where one is missing or of another type.
    """
    try:
        body = _object(orjson.loads(value or b""))
        return _envelope(body)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Malformed(f"not an event of this system: {type(error).__name__}: {error}") from error


def to_event(found: Envelope, *, position: int) -> Event:
    """A received event as one that stands at that position of a store."""
    return Event(
        position=position,
        event_id=found.event_id,
        stream=found.stream,
        version=found.stream_version,
        type=found.event_type,
        schema_version=found.schema_version,
        subject=found.subject,
        occurred_at=found.occurred_at,
        metadata=found.metadata,
        personal=found.personal,
        erased=found.erased,
    )


def without_personal(value: bytes) -> bytes:
    """A message without whatever may be personal; nothing is left of one that is no event.

    Kept of the subject is what its schema declares and does not call personal, and of that only numbers and times: an
    event that breaks its schema may have a name anywhere.
    """
    try:
        found = from_json(value)
    except Malformed:
        return b""
    declared = schema_registry.plain(found.event_type, found.schema_version)
    kept = {name: member for name, member in found.subject.items() if name in declared and _impersonal(member)}
    gone = {*found.personal, *found.erased, *found.subject} - set(kept)
    event = to_event(found, position=0)
    return to_json(replace(event, subject=kept, personal=(), erased=tuple(sorted(gone))))


def _impersonal(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and bool(TIME.fullmatch(value)))


def _envelope(body: Mapping[str, Any]) -> Envelope:
    erased = tuple(_text(name) for name in body.get("erased", ()))
    subject = _object(body["subject"])
    envelope = Envelope(
        event_id=UUID(_text(body["eventId"])),
        event_type=_text(body["eventType"]),
        schema_version=_whole(body["schemaVersion"]),
        stream=_text(body["stream"]),
        stream_version=_whole(body["streamVersion"]),
        occurred_at=_time(_text(body["occurredAt"])),
        subject={name: member for name, member in subject.items() if name not in erased},
        personal=tuple(name for name in map(_text, body.get("personal", ())) if name not in erased),
        erased=erased,
        metadata=Metadata(
            correlation_id=_text(body["correlationId"]),
            causation_id=body.get("causationId"),
            traceparent=_text(body["traceparent"]),
            actor=_text(body.get("actor", "anonymous")),
        ),
    )
    storable = len(envelope.stream) <= MAX_STREAM and "\0" not in envelope.stream
    if not (envelope.key and storable and envelope.stream_version >= 1):
        raise ValueError("stream or streamVersion is none that could be stored")
    return envelope


# What these raise stands in logs and dead letters: it names types, never what a message holds, which may be personal.


def _time(text: str) -> datetime:
    try:
        return clock.parse_iso(text)
    except ValueError:
        raise ValueError("occurredAt is no time") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text must be")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} where an object must be")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{type(value).__name__} where a whole number must be")
    return value
