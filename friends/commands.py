"""What can be asked of the friends service. Each command decides by the aggregate's rules, appends the event and
updates the state in one transaction."""

from collections.abc import Mapping

from django.db import connection

from eventsourcing import footprint, store
from eventsourcing.command import command
from eventsourcing.event import NewEvent
from eventsourcing.http import require_version
from friends import directory, friendship, queries
from friends.friendship import AlreadyFriends, Friendship, NotFriends, WithOneself
from friends.state import to_row
from service import clock
from service.problems import Problem

WRITE = """
INSERT INTO friendships (id, low, high, user_id, active, created_at, updated_at, version)
VALUES (%(id)s, %(low)s, %(high)s, %(user_id)s, %(active)s, %(created_at)s, %(updated_at)s, %(version)s)
ON CONFLICT (low, high) DO UPDATE
SET user_id = excluded.user_id, active = excluded.active, created_at = excluded.created_at,
    updated_at = excluded.updated_at, version = excluded.version
"""


def add_friend(user_id: int, friend_id: int) -> Friendship:
    """`user_id` makes `friend_id` a friend.

    Raises Problem: 400 for oneself, 404 for somebody who is not there, 409 when they are friends, 503 when the users
    service must be asked and does not answer.
    """
    try:
        friendship.pair(user_id, friend_id)
        _know(user_id, friend_id)
        return _add(user_id, friend_id)
    except WithOneself as error:
        raise Problem(400, str(error)) from error
    except AlreadyFriends as error:
        raise Problem(409, str(error)) from error


def _know(*user_ids: int) -> None:
    """Outside of the command's transaction, which must not wait for another service."""
    unknown = [user_id for user_id in directory.missing(*user_ids) if not directory.learn(user_id)]
    if unknown:
        raise _not_there(unknown)


def _not_there(user_ids: list[int]) -> Problem:
    return Problem(404, f"There is no user {' and no user '.join(map(str, user_ids))}.")


@command
def _add(user_id: int, friend_id: int) -> Friendship:
    known = directory.known(user_id, friend_id)
    if len(known) < 2:
        raise _not_there([one for one in (user_id, friend_id) if one not in known])
    _note(known)
    current = queries.get_pair(user_id, friend_id)
    new_id = current.id if current else _next_id()
    added, event = friendship.add(current, new_id=new_id, user_id=user_id, friend_id=friend_id, at=clock.now())
    _store(added, event)
    return added


def _note(users: Mapping[int, int]) -> None:
    """Version 0 is somebody of whom nothing but that they are there is known."""
    for user_id, version in users.items():
        if version:
            footprint.note(directory.SERVICE, directory.stream_of(user_id), version)


@command
def remove_friend(user_id: int, friend_id: int, *, expected: frozenset[int] | None = None) -> Friendship:
    """End a friendship, whoever of the two asked for it.

    Raises Problem: 400 for oneself, 404 for none, 412 where it is at none of the `expected` versions.
    """
    try:
        current = queries.get_pair(user_id, friend_id)
        if current is not None and current.active:
            require_version(expected, current.version)
        removed, event = friendship.remove(current, user_id=user_id, friend_id=friend_id, at=clock.now())
    except WithOneself as error:
        raise Problem(400, str(error)) from error
    except NotFriends as error:
        raise Problem(404, str(error)) from error
    _store(removed, event)
    return removed


def _next_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('friendship_id')")
        (number,) = cursor.fetchone()
    return int(number)


def _store(changed: Friendship, event: NewEvent) -> None:
    stream = friendship.stream_of(changed.user_id, changed.friend_id)
    store.append(stream, expected_version=changed.version - 1, events=[event])
    with connection.cursor() as cursor:
        cursor.execute(WRITE, to_row(changed))
