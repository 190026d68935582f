"""Events as messages on Kafka: the reference system's JSON, with members added and none renamed or dropped.

Its consumers know `id` (a signed 32-bit integer), `eventType`, `createdAt` and `lastModified` (epoch milliseconds)
and `subject`; friend events carry `friendMessage: null`. Everything else is ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from eventsourcing.event import Event, Metadata, key_of
from service import clock

MAX_STREAM = 200


class Malformed(Exception):
    """A message is not one of our events; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """An event as it was received. `personal` names the subject's personal members."""

    event_id: UUID
    event_type: str
    schema_version: int
    stream: str
    stream_version: int
    occurred_at: datetime
    subject: dict[str, Any]
    personal: tuple[str, ...]
    metadata: Metadata

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
        "subject": event.subject,
    }
    if event.type.startswith("FRIEND_"):
        body["friendMessage"] = None
    body |= {
        "eventId": str(event.event_id),
        "schemaVersion": event.schema_version,
        "stream": event.stream,
        "streamVersion": event.version,
        "occurredAt": clock.iso(event.occurred_at),
        "personal": event.personal,
        "correlationId": event.metadata.correlation_id,
        "causationId": event.metadata.causation_id,
        "traceparent": event.metadata.traceparent,
        "actor": event.metadata.actor,
    }
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
        body = orjson.loads(value or b"")
        return _envelope(body)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Malformed(f"not an event of this system: {type(error).__name__}: {error}") from error


def _envelope(body: Mapping[str, Any]) -> Envelope:
    envelope = Envelope(
        event_id=UUID(_text(body["eventId"])),
        event_type=_text(body["eventType"]),
        schema_version=_whole(body["schemaVersion"]),
        stream=_text(body["stream"]),
        stream_version=_whole(body["streamVersion"]),
        occurred_at=clock.parse_iso(_text(body["occurredAt"])),
        subject=_object(body["subject"]),
        personal=tuple(_text(name) for name in body.get("personal", ())),
        metadata=Metadata(
            correlation_id=_text(body["correlationId"]),
            causation_id=body.get("causationId"),
            traceparent=_text(body["traceparent"]),
            actor=_text(body.get("actor", "anonymous")),
        ),
    )
    storable = len(envelope.stream) <= MAX_STREAM and "\0" not in envelope.stream
    if not (envelope.key and storable and envelope.stream_version >= 1):
        raise ValueError(f"stream {envelope.stream!r}, version {envelope.stream_version}")
    return envelope


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not an object")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a whole number")
    return value
