"""What was: an aggregate as of a moment, and the events that made it. Nothing but the stream is asked."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from eventsourcing import store
from eventsourcing.event import Event
from service import clock

S = TypeVar("S")


def as_of(stream: str, moment: datetime, evolve: Callable[[S | None, Event], S | None]) -> S | None:
    """The fold of a stream's events up to and including a moment; None where it had not begun, or is erased."""
    state: S | None = None
    for event in store.load(stream, until=moment):
        state = evolve(state, event)
    return state


def entries(stream: str) -> list[dict[str, Any]]:
    """The events of a stream in order, for people and programs that ask how it came about; [] without any.

    `erased` names the members of the subject that were erased from an event.
    """
    return [
        {
            "eventId": str(event.event_id),
            "version": event.version,
            "eventType": event.type,
            "schemaVersion": event.schema_version,
            "occurredAt": clock.iso(event.occurred_at),
            "subject": dict(event.subject),
            "erased": list(event.erased),
            "correlationId": event.metadata.correlation_id,
            "causationId": event.metadata.causation_id,
            "actor": event.metadata.actor,
        }
        for event in store.load(stream)
    ]
