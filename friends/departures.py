"""What becomes of a user's friendships when the user is deleted: they end, in the transaction that notes it."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from eventsourcing import store
from eventsourcing.consumer import Transient
from eventsourcing.envelope import Envelope
from eventsourcing.event import Metadata, NewEvent
from eventsourcing.store import VersionConflict
from friends import friendship, queries
from friends.friendship import Friendship
from service import clock

USER_DELETED = "USER_DELETED"
# Friendships of one statement.
BATCH = 1_000

# In one order, so that two consumers cannot wait for each other. The row is made first, where the directory never
# heard of the user: a lock on nothing would keep nobody out.
TOMBSTONE = """
INSERT INTO directory (user_id, version, deleted) VALUES (%s, %s, true)
ON CONFLICT (user_id) DO UPDATE SET version = greatest(directory.version, excluded.version), deleted = true
"""
# FOR UPDATE, which an UPDATE of these columns alone does not take: it waits for every addFriend that has the user
# FOR KEY SHARE, and those that come later wait for us and then find nobody.
LOCK = "SELECT FROM directory WHERE user_id = %s FOR UPDATE"
ENDED = """
UPDATE friendships SET active = false, updated_at = ended.updated_at, version = ended.version
FROM unnest(%(ids)s::bigint[], %(moments)s::timestamptz[], %(versions)s::int[]) AS ended (id, updated_at, version)
WHERE friendships.id = ended.id
"""


def take_leave(deletions: Sequence[Envelope]) -> None:
    """Mark users as deleted and end their friendships. Idempotent; inside the consumer's transaction.

    Raises Transient where a friendship changes at the same moment.
    """
    for event in sorted(deletions, key=lambda one: int(one.subject["id"])):
        user_id = int(event.subject["id"])
        with connection.cursor() as cursor:
            cursor.execute(TOMBSTONE, [user_id, event.stream_version])
            cursor.execute(LOCK, [user_id])
        # A statement of its own: it sees what was committed until the lock was given.
        found = queries.friends_of(user_id)
        for start in range(0, len(found), BATCH):
            _end(found[start : start + BATCH], _caused_by(event))


def _caused_by(event: Envelope) -> Metadata:
    how = event.metadata
    return Metadata(
        correlation_id=how.correlation_id,
        traceparent=how.traceparent,
        causation_id=str(event.event_id),
        actor=how.actor,
    )


def _end(friendships: Sequence[Friendship], metadata: Metadata) -> None:
    ended: list[Friendship] = []
    changes: dict[str, tuple[int, NewEvent]] = {}
    for one in friendships:
        removed, event = friendship.remove(one, user_id=one.user_id, friend_id=one.friend_id, at=clock.now())
        ended.append(removed)
        changes[friendship.stream_of(one.user_id, one.friend_id)] = (one.version, event)
    # Events first, as every command does it: who then has to wait waits at the same place, in the same order.
    try:
        store.append_each(changes, metadata=metadata)
    except VersionConflict as error:
        raise Transient(f"A friendship is changing: {error}") from error
    values: dict[str, Any] = {
        "ids": [one.id for one in ended],
        "moments": [one.updated_at for one in ended],
        "versions": [one.version for one in ended],
    }
    with connection.cursor() as cursor:
        cursor.execute(ENDED, values)
