"""Probes of the stores that every event-sourced service has: what they hold of a stream that is erased."""

from typing import Any

from django.db import connection

from eventsourcing import envelope, schema_registry
from eventsourcing.event import key_of
from eventsourcing.models import DeadLetter
from eventsourcing.proof import Finding, counted

EVENTS = "SELECT type, data FROM events WHERE stream = %s ORDER BY version"
PERSONAL = "SELECT count(*) FROM personal p JOIN events e USING (event_id) WHERE e.stream = %s"
ANSWERS = "SELECT count(*) FROM idempotency WHERE subjects @> ARRAY[%s]::varchar[]"
NOTED = "SELECT count(*) FROM erased_streams WHERE stream = %s"


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def number(statement: str, *values: Any) -> int:
    """The only value of the only row."""
    return int(rows(statement, *values)[0][0])


def events(stream: str) -> Finding:
    """The events: that the stream has ended, and that no personal member stands in what is never changed."""
    stored = rows(EVENTS, stream)
    personal = {member for one in schema_registry.all_types() for member in one.personal}
    named = sum(any(f'"{member}":' in str(data) for member in personal) for _, data in stored)
    ended = bool(stored) and stored[-1][0] in schema_registry.erasures()
    found = [] if ended else [f"no deletion at the end of {stream}: it is not erased"]
    return Finding(
        store="events",
        looked_at=f"{len(stored)} events",
        found=", ".join([*found, *filter(None, [counted(named, "events with personal members")])]),
    )


def personal(stream: str) -> Finding:
    """The personal members of the stream's events."""
    return Finding(
        store="personal",
        looked_at="the rows of all its events",
        found=counted(number(PERSONAL, stream), "events with names"),
    )


def answers(stream: str) -> Finding:
    """The answers that are kept under idempotency keys."""
    return Finding(
        store="idempotency",
        looked_at="the answers about it",
        found=counted(number(ANSWERS, stream), "answers with its data"),
    )


def dead_letters(stream: str, *, topic: str) -> Finding:
    """The letters of the stream's key, waiting ones and those that are over."""
    letters = list(DeadLetter.objects.filter(topic=topic, key=key_of(stream)))
    values = [bytes(letter.value) for letter in letters]
    return Finding(
        store="dead_letters",
        looked_at=f"{len(values)} letters",
        found=counted(sum(envelope.without_personal(value) != value for value in values), "letters with names"),
    )


def erased_streams(stream: str) -> Finding:
    """Whether the service has heard of the erasure."""
    heard = number(NOTED, stream)
    return Finding(
        store="erased_streams",
        looked_at="whether it is noted as erased",
        found="" if heard else "that it is not: the deletion has not arrived",
    )
