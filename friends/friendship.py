"""The aggregate Friendship: its rules, as functions that know neither a database nor a broker.

A friendship is mutual: the unordered pair of two users is one aggregate, named by the lower and the higher id. Ended
and begun again it goes on in the same stream and keeps its id.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from eventsourcing.event import Event, NewEvent
from service import clock

CATEGORY = "friendship"
ADDED, REMOVED = "FRIEND_ADDED", "FRIEND_REMOVED"


class WithOneself(Exception):
    """Nobody is their own friend."""


class AlreadyFriends(Exception):
    """The two are friends, whoever of them asked."""


class NotFriends(Exception):
    """The two are not friends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Friendship:
    """A friendship as its events have made it. `user_id` asked for it; `active` is whether it goes on."""

    id: int
    user_id: int
    friend_id: int
    active: bool
    created_at: datetime
    updated_at: datetime
    version: int


def pair(one: int, other: int) -> tuple[int, int]:
    """The two ids, lower first. Raises WithOneself."""
    if one == other:
        raise WithOneself(f"User {one} cannot be their own friend.")
    return min(one, other), max(one, other)


def stream_of(one: int, other: int) -> str:
    """The stream of the pair's events, the same in either direction."""
    low, high = pair(one, other)
    return f"{CATEGORY}-{low}-{high}"


def record(friendship: Friendship, seen_by: int | None = None) -> dict[str, Any]:
    """The friendship as the API shows it, and its events carry it: as seen by one of the two, else by who asked."""
    user_id, friend_id = friendship.user_id, friendship.friend_id
    if seen_by == friend_id:
        user_id, friend_id = friend_id, user_id
    return {
        "id": friendship.id,
        "userId": user_id,
        "friendId": friend_id,
        "createdAt": clock.iso(friendship.created_at),
        "updatedAt": clock.iso(friendship.updated_at),
    }


def add(
    current: Friendship | None, *, new_id: int, user_id: int, friend_id: int, at: datetime
) -> tuple[Friendship, NewEvent]:
    """`user_id` makes `friend_id` a friend; `new_id` is for a pair that never was.

    Raises AlreadyFriends, WithOneself.
    """
    pair(user_id, friend_id)
    if current is not None and current.active:
        raise AlreadyFriends(f"Users {user_id} and {friend_id} are friends already.")
    # Time never runs backwards within a friendship, whatever the machine's clock does.
    moment = at if current is None else max(at, current.updated_at)
    added = Friendship(
        id=new_id if current is None else current.id,
        user_id=user_id,
        friend_id=friend_id,
        active=True,
        created_at=moment,
        updated_at=moment,
        version=1 if current is None else current.version + 1,
    )
    return added, NewEvent(type=ADDED, subject=record(added), occurred_at=moment)


def remove(current: Friendship | None, *, user_id: int, friend_id: int, at: datetime) -> tuple[Friendship, NewEvent]:
    """The two are friends no longer, whoever of them asked for it. Raises NotFriends, WithOneself."""
    pair(user_id, friend_id)
    if current is None or not current.active:
        raise NotFriends(f"Users {user_id} and {friend_id} are not friends.")
    moment = max(at, current.updated_at)
    removed = replace(current, active=False, updated_at=moment, version=current.version + 1)
    return removed, NewEvent(type=REMOVED, subject=record(removed), occurred_at=moment)


def evolve(friendship: Friendship | None, event: Event) -> Friendship:
    """The friendship after one more event: the fold that state, `verify` and `as_of` share."""
    subject = event.subject
    return Friendship(
        id=subject["id"],
        user_id=subject["userId"],
        friend_id=subject["friendId"],
        active=event.type == ADDED,
        created_at=clock.parse_iso(subject["createdAt"]),
        updated_at=clock.parse_iso(subject["updatedAt"]),
        version=event.version,
    )
