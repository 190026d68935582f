"""Dead letters: what a consumer could not handle, and what waits behind it.

An event that fails parks its key: later events of that key queue behind it in order, those of other keys flow.
Somebody looks, mends the cause and retries, or discards with a reason; both stay on record.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection, transaction

from eventsourcing import envelope, erasure, metrics
from eventsourcing.erasure import Erasure
from eventsourcing.models import DeadLetter
from service import clock

logger = logging.getLogger(__name__)
State = DeadLetter.State
OPEN = (State.PARKED, State.QUEUED)

PARKED = """
SELECT DISTINCT key FROM dead_letters WHERE consumer = %s AND key = ANY(%s) AND state IN ('parked', 'queued')
"""
DISCARDED = """
SELECT event_id FROM dead_letters WHERE consumer = %s AND event_id = ANY(%s) AND state = 'discarded'
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


Handler = Callable[[Letter], None]
_handlers: dict[str, Handler] = {}


def register(consumer: str, handler: Handler) -> None:
    """How a consumer's dead letters are handled when they are retried: the handler raises where it fails again."""
    _handlers[consumer] = handler


def consumers() -> list[str]:
    """Who may have dead letters in this service."""
    return sorted(_handlers)


def parked(consumer: str, keys: Iterable[str]) -> set[str]:
    """Those of the keys that have an open dead letter with this consumer.

    Inside a transaction: they stay parked until its end, so that what is queued behind them cannot be left behind by
    a retry at the same time.
    """
    found = _parked(consumer, set(keys))
    if found:
        erasure.hold()
    for key in sorted(found):
        _lock(consumer, key)
    return _parked(consumer, found)


def discarded(consumer: str, event_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the events that somebody gave up: delivered again they are as if they had not come."""
    with connection.cursor() as cursor:
        cursor.execute(DISCARDED, [consumer, list(set(event_ids))])
        return {row[0] for row in cursor.fetchall()}


def _parked(consumer: str, keys: set[str]) -> set[str]:
    if not keys:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(PARKED, [consumer, list(keys)])
        return {row[0] for row in cursor.fetchall()}


def _lock(consumer: str, key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"dead letters {consumer} {key}"])


@transaction.atomic
def _add(consumer: str, letter: Letter, state: str, error: str, attempts: int) -> None:
    erasure.hold()
    if erasure.of_key(letter.topic, letter.key):
        letter = replace(letter, value=envelope.without_personal(letter.value))
    values: dict[str, Any] = {
        "consumer": consumer,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": letter.key,
        "event_id": letter.event_id,
        "value": letter.value,
        "state": state,
        "error": error.replace("\0", "\ufffd"),
        "attempts": attempts,
        "created_at": clock.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(ADD, values)


def park(consumer: str, letter: Letter, error: Exception) -> None:
    """Record that an event failed; its key is parked from now on. The same event again changes nothing."""
    text = said_by(error)
    _add(consumer, letter, State.PARKED, text, 1)
    metrics.PARKED.labels(consumer).inc()
    logger.error("%s parks key %s of %s: %s", consumer, letter.key, letter.topic, text)


def said_by(error: Exception) -> str:
    """The error in a line for people. Of the database's own: its number and constraint only, for what it says in
    words shows the values of the row."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if isinstance(error, DatabaseError) and diagnosis is not None:
        return f"{type(error).__name__}: {diagnosis.sqlstate} {diagnosis.constraint_name or ''}".strip()
    return f"{type(error).__name__}: {error}"


def forget(one: Erasure) -> None:
    """Take whatever is personal out of all letters of an erased stream, also of those that are over.

    They keep their order and their states; of what is no event, and of errors, which may quote it, only the kind is
    left.
    """
    for letter in DeadLetter.objects.filter(topic=one.topic, key=one.key):
        letter.value = envelope.without_personal(bytes(letter.value))
        letter.error = letter.error.partition(":")[0]
        letter.save(update_fields=["value", "error"])


erasure.register(forget)


def queue(consumer: str, letter: Letter) -> None:
    """Record that an event waits behind a parked one of its key. The same event again changes nothing."""
    _add(consumer, letter, State.QUEUED, "", 0)


def open_letters(consumer: str, key: str | None = None) -> list[DeadLetter]:
    """What is parked or queued with a consumer, in order; of one key, or of all."""
    found = DeadLetter.objects.filter(consumer=consumer, state__in=OPEN).order_by("id")
    return list(found if key is None else found.filter(key=key))


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a key's letters: how many were handled, and what the first that failed again said."""

    handled: int
    error: str = ""


def retry(consumer: str, key: str, *, by: str) -> Outcome:
    """Handle a key's letters again, in order, up to the first that fails; the key flows again when none is left.

    Raises LookupError for a consumer that this service does not have.
    """
    if consumer not in _handlers:
        raise LookupError(f"This service has no consumer {consumer!r}.")
    handled = 0
    while True:
        with transaction.atomic():
            erasure.hold()
            _lock(consumer, key)
            letter = next(iter(open_letters(consumer, key)), None)
            if letter is None:
                return Outcome(handled=handled)
            error = _try(consumer, letter)
            if error is None:
                _resolve([letter], State.RETRIED, by=by, reason="")
                handled += 1
                continue
            letter.state, letter.error, letter.attempts = State.PARKED, error, letter.attempts + 1
            letter.save(update_fields=["state", "error", "attempts"])
        return Outcome(handled=handled, error=error)


def _try(consumer: str, letter: DeadLetter) -> str | None:
    try:
        # A savepoint: what a failing handler wrote goes, what is said of its letter stays.
        with transaction.atomic():
            _handlers[consumer](letter_of(letter))
    except Exception as error:  # noqa: BLE001 -- whatever it is, it stands in the letter, and the key stays parked
        text = said_by(error)
        logger.warning("%s: %s fails again: %s", consumer, letter, text)
        return text
    return None


def discard(letters: Sequence[DeadLetter], *, by: str, reason: str) -> int:
    """Give letters up, saying who did and why: what they told is as if it had not come. How many were still open.

    Raises ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("Why they are discarded must be said.")
    with transaction.atomic():
        for consumer, key in sorted({(letter.consumer, letter.key) for letter in letters}):
            _lock(consumer, key)
        return _resolve(letters, State.DISCARDED, by=by, reason=reason.strip())


def letter_of(stored: DeadLetter) -> Letter:
    """A stored letter as it came."""
    return Letter(
        topic=stored.topic,
        partition=stored.partition,
        offset=stored.offset,
        key=stored.key,
        value=bytes(stored.value),
        event_id=stored.event_id,
    )


def _resolve(letters: Sequence[DeadLetter], state: str, *, by: str, reason: str) -> int:
    still_open = DeadLetter.objects.filter(pk__in=[letter.pk for letter in letters], state__in=OPEN)
    return still_open.update(state=state, resolved_at=clock.now(), resolved_by=by, reason=reason)
