"""What was: an aggregate as of a moment, and the events that made it. Nothing but the stream is asked."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from eventsourcing import store
from eventsourcing.event import Event
from service import clock

S = TypeVar("S")


def as_of(stream: str, moment: datetime, evolve: Callable[[S | None, Event], S | None]) -> S | None:
    """A stream's state at a moment, what happened in that very moment included; None where it had not begun, or is
    erased.

    Events carry the whole record (ADR 0013) and time does not run backwards within a stream: the fold of all up to
    the moment is what the last of them says.
    """
    event = store.last(stream, until=moment)
    return evolve(None, event) if event else None


def entries(stream: str, *, after: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
    """The events of a stream in order, for people and programs that ask how it came about; [] without any.

    Those behind the version `after`, at most `limit`; all of them by default. `erased` names the members of the
    subject that were erased from an event.
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
        for event in store.load(stream, after_version=after, limit=limit)
    ]
