"""Dead letters: what a consumer could not handle, and what waits behind it.

An event that fails parks its key: later events of that key queue behind it in order, those of other keys flow.
Somebody looks, mends the cause and retries, or discards with a reason; both stay on record.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from eventsourcing.models import DeadLetter
from service import clock

logger = logging.getLogger(__name__)
State = DeadLetter.State
OPEN = (State.PARKED, State.QUEUED)

PARKED = """
SELECT DISTINCT key FROM dead_letters WHERE consumer = %s AND key = ANY(%s) AND state IN ('parked', 'queued')
"""
ADD = """
INSERT INTO dead_letters (consumer, topic, partition, "offset", key, event_id, value, state, error, attempts,
                          created_at, resolved_by, reason)
VALUES (%(consumer)s, %(topic)s, %(partition)s, %(offset)s, %(key)s, %(event_id)s, %(value)s, %(state)s, %(error)s,
        %(attempts)s, %(created_at)s, '', '')
ON CONFLICT (consumer, event_id) WHERE state IN ('parked', 'queued') DO NOTHING
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A message as it came: where from, its key, its bytes, and the event's id where it could be read."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    event_id: UUID | None


def parked(consumer: str, keys: Iterable[str]) -> set[str]:
    """Those of the keys that have an open dead letter with this consumer."""
    wanted = list(set(keys))
    if not wanted:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(PARKED, [consumer, wanted])
        return {row[0] for row in cursor.fetchall()}


def _add(consumer: str, letter: Letter, state: str, error: str, attempts: int) -> None:
    values: dict[str, Any] = {
        "consumer": consumer,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": letter.key,
        "event_id": letter.event_id,
        "value": letter.value,
        "state": state,
        "error": error,
        "attempts": attempts,
        "created_at": clock.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(ADD, values)


def park(consumer: str, letter: Letter, error: Exception) -> None:
    """Record that an event failed; its key is parked from now on. The same event again changes nothing."""
    text = f"{type(error).__name__}: {error}"
    _add(consumer, letter, State.PARKED, text, 1)
    logger.error("%s parks key %s of %s: %s", consumer, letter.key, letter.topic, text)


def queue(consumer: str, letter: Letter) -> None:
    """Record that an event waits behind a parked one of its key. The same event again changes nothing."""
    _add(consumer, letter, State.QUEUED, "", 0)


def open_letters(consumer: str, key: str | None = None) -> list[DeadLetter]:
    """What is parked or queued with a consumer, in order; of one key, or of all."""
    found = DeadLetter.objects.filter(consumer=consumer, state__in=OPEN).order_by("id")
    return list(found if key is None else found.filter(key=key))


def resolve(letters: Sequence[DeadLetter], state: str, *, by: str, reason: str = "") -> None:
    """Close letters as retried or discarded, saying who did and why."""
    moment: datetime = clock.now()
    DeadLetter.objects.filter(pk__in=[letter.pk for letter in letters]).update(
        state=state, resolved_at=moment, resolved_by=by, reason=reason
    )
