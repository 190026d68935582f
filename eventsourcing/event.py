"""Events as values. Nothing here knows a database or a broker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from service import context


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """How an event came about.

    correlation_id: the request (or other first cause) that everything stems from; causation_id: the event that this
    one answers to, if any; traceparent: W3C trace context; actor: who asked.
    """

    correlation_id: str
    traceparent: str
    causation_id: str | None = None
    actor: str = "anonymous"

    @classmethod
    def current(cls) -> "Metadata":
        """That of the request under way."""
        request = context.current()
        return cls(correlation_id=request.request_id, traceparent=request.traceparent, actor=request.actor)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """What a command decided has happened: the type, and the whole subject as the API shows it (JSON values)."""

    type: str
    subject: Mapping[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """An event as it was stored. `personal` names the personal members that `subject` has, `erased` those that were
    taken from it.

    `position` orders the events of one store by when they were inserted, not by when they became visible: never read
    the store with a cursor on it while commands run.
    """

    position: int
    event_id: UUID
    stream: str
    version: int
    type: str
    schema_version: int
    subject: Mapping[str, Any]
    occurred_at: datetime
    metadata: Metadata
    personal: tuple[str, ...] = field(default=())
    erased: tuple[str, ...] = field(default=())


def key_of(stream: str) -> str:
    """The Kafka key of a stream: what stands behind its category (`user-42` → `42`, `friendship-3-4` → `3-4`)."""
    return stream.partition("-")[2]
