"""Is the directory what the topic `user` says? Part of `./manage.py friends verify --topics`."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction

from eventsourcing import topic_reader
from eventsourcing.consumer import Message
from eventsourcing.integrity import Finding
from eventsourcing.schema_registry import SchemaViolation, UnknownEventType
from friends import directory
from friends.departures import USER_DELETED
from friends.directory import SUBSCRIPTION
from service.problems import Problem

TOPIC = "user"
ROWS = "SELECT user_id, version, deleted FROM directory"
DELETE = "DELETE FROM directory WHERE user_id = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What Kafka has told of a user last; the message says it again."""

    version: int
    deleted: bool
    message: Message


def verify() -> Iterator[Finding]:
    """Users whom the directory lacks or has in an older version than it was told of, and users of whom it has more
    than there is.

    It may be ahead of what was told, by asking the users service; so that is asked about them. Raises KafkaError.
    """
    # In this order: what was committed by then is in the rows.
    told = _told()
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        rows = {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
    for user_id, last in sorted(told.items()):
        version, deleted = rows.get(user_id, (-1, False))
        if version < last.version or (last.deleted and not deleted):
            there = _sentence(version, deleted) if user_id in rows else "missing"
            what = f"directory: user {user_id} is {there}, Kafka has told: {_sentence(last.version, last.deleted)}"
            yield Finding(what=what, heal=partial(_replace, user_id, last))
    for user_id, (version, deleted) in sorted(rows.items()):
        last_told = told.get(user_id)
        if last_told is None or (version, deleted) > (last_told.version, last_told.deleted):
            yield from _ahead(user_id, version, deleted, last_told)


def _ahead(user_id: int, version: int, deleted: bool, last: Told | None) -> Iterator[Finding]:
    there = f"directory: user {user_id} is {_sentence(version, deleted)}"
    try:
        now = directory.version_now(user_id)
    except Problem:
        yield Finding(what=f"{there}, more than Kafka has told", advice="Ask again when the users service answers.")
        return
    if deleted and now is not None and (last is None or not last.deleted):
        yield Finding(what=f"{there}, but the users service has them", heal=partial(_replace, user_id, last))
    elif not deleted and now is None and version > 0:
        yield Finding(what=f"{there}, the users service knows nobody", heal=partial(_replace, user_id, last))
    elif now is not None and 0 < now < version:
        yield Finding(what=f"{there}, the users service has version {now}", heal=partial(_replace, user_id, last))


def _told() -> dict[int, Told]:
    """By user, the last of what the consumer has read."""
    read = topic_reader.committed(SUBSCRIPTION.name, TOPIC)
    found: dict[int, Told] = {}
    for message in topic_reader.read(TOPIC, read):
        event = message.envelope
        if event is None or message.offset >= read.get(message.partition, 0):
            continue
        try:
            user_id, version = directory.told(event)
        except (UnknownEventType, SchemaViolation):
            # A dead letter: it waits there for somebody.
            continue
        if user_id not in found or found[user_id].version < version:
            found[user_id] = Told(version=version, deleted=event.event_type == USER_DELETED, message=message)
    return found


@transaction.atomic
def _replace(user_id: int, last: Told | None) -> None:
    """The row taken away, then made by the consumer's own handler."""
    with connection.cursor() as cursor:
        cursor.execute(DELETE, [user_id])
    if last is not None:
        directory.apply([last.message])


def _sentence(version: int, deleted: bool) -> str:
    return f"in version {version}{', deleted' if deleted else ''}"
