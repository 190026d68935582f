"""What a service does about personal data of others when it hears that a stream is erased.

It remembers the stream, and everything of it that was stored loses its personal members at once; what comes later of
it (a repeat, an older message of a relay that hung, a dead letter) is stored without them. Who stores such data holds
the lock below, shared, until the end of the transaction; who notes an erasure has it alone. So either the erasure
finds what was stored, or who stores finds the erasure.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from eventsourcing import schema_registry
from eventsourcing.envelope import Envelope
from service import clock

# Two numbers of 32 bits; the class is ours ("ER").
HOLD = "SELECT pg_advisory_xact_lock_shared(17746, 0)"
ALONE = "SELECT pg_advisory_xact_lock(17746, 0)"
NOTED = "SELECT stream FROM erased_streams WHERE stream = ANY(%s)"
OF_KEY = "SELECT EXISTS (SELECT FROM erased_streams WHERE topic = %s AND key = %s)"
NOTE = """
INSERT INTO erased_streams (stream, topic, key, event_id, noted_at)
VALUES (%(stream)s, %(topic)s, %(key)s, %(event_id)s, %(noted_at)s) ON CONFLICT (stream) DO NOTHING
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """A stream that is erased, the topic and key of its messages, and the event that says so."""

    stream: str
    topic: str
    key: str
    event_id: UUID


Forget = Callable[[Erasure], None]
_stores: list[Forget] = []


def register(*forget: Forget) -> None:
    """Declare how a store of the service forgets a stream's personal members; called inside a transaction."""
    _stores.extend(one for one in forget if one not in _stores)


def told_by(event: Envelope) -> bool:
    """Whether the event says that its stream is erased: it ends it so, or has itself lost its personal members."""
    return bool(event.erased) or event.event_type in schema_registry.erasures()


def hold() -> None:
    """In the transaction that stores what messages carry, before anything else of it is locked: no erasure is noted
    until its end."""
    _fetch(HOLD, None)


def noted(streams: Collection[str]) -> set[str]:
    """Those of the streams that are known to be erased."""
    return {row[0] for row in _fetch(NOTED, [list(streams)])} if streams else set()


def of_key(topic: str, key: str) -> bool:
    """Whether the stream of these messages is known to be erased."""
    return bool(_fetch(OF_KEY, [topic, key])[0][0])


def note(erasures: Sequence[Erasure]) -> None:
    """Remember what is erased, and have every store forget it. What was noted before costs one look."""
    new = {one.stream: one for one in erasures}
    for stream in noted(new):
        del new[stream]
    if not new:
        return
    with transaction.atomic():
        _fetch(ALONE, None)
        for one in new.values():
            _remember(one)
            for forget in _stores:
                forget(one)


def _remember(one: Erasure) -> None:
    values: dict[str, Any] = {
        "stream": one.stream,
        "topic": one.topic,
        "key": one.key,
        "event_id": one.event_id,
        "noted_at": clock.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(NOTE, values)


def _fetch(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
