"""What the friends service answers from its state."""

from datetime import datetime
from typing import Any

from django.db import connection

from eventsourcing import history
from friends import friendship
from friends.friendship import Friendship

COLUMNS = "id, low, high, user_id, active, created_at, updated_at, version"
GET = f"SELECT {COLUMNS} FROM friendships WHERE id = %s AND active"  # noqa: S608 -- assembled from a constant only
PAIR = f"SELECT {COLUMNS} FROM friendships WHERE low = %s AND high = %s"  # noqa: S608 -- as above
# Two ranges of two indexes, each in the order of the friend's id.
FRIENDS = f"""
SELECT {COLUMNS} FROM (
    (SELECT *, high AS friend FROM friendships WHERE low = %(user_id)s AND high > %(after)s AND active
     ORDER BY high LIMIT %(limit)s)
    UNION ALL
    (SELECT *, low AS friend FROM friendships WHERE high = %(user_id)s AND low > %(after)s AND active
     ORDER BY low LIMIT %(limit)s)
) AS both_directions ORDER BY friend LIMIT %(limit)s
"""  # noqa: S608 -- as above


def _friendship(row: tuple[Any, ...]) -> Friendship:
    number, low, high, user_id, active, created_at, updated_at, version = row
    return Friendship(
        id=number,
        user_id=user_id,
        friend_id=high if user_id == low else low,
        active=active,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )


def get_friendship(number: int) -> Friendship | None:
    """The friendship of that id while it goes on, or None."""
    with connection.cursor() as cursor:
        cursor.execute(GET, [number])
        row = cursor.fetchone()
    return _friendship(row) if row else None


def pair_of_friendship(number: int) -> tuple[int, int] | None:
    """The two users of the friendship of that id, of an ended one too; None where there never was one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT low, high FROM friendships WHERE id = %s", [number])
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None


def get_friendship_as_of(number: int, moment: datetime) -> Friendship | None:
    """The friendship of that id as it was at a moment, by its events; None where it did not go on then."""
    pair = pair_of_friendship(number)
    found = history.as_of(friendship.stream_of(*pair), moment, friendship.evolve) if pair else None
    return found if found and found.active else None


def get_pair(one: int, other: int) -> Friendship | None:
    """The friendship of two users, ended ones too; None where there never was one. Raises WithOneself."""
    with connection.cursor() as cursor:
        cursor.execute(PAIR, friendship.pair(one, other))
        row = cursor.fetchone()
    return _friendship(row) if row else None


def friends_of(user_id: int, *, after: int = 0, limit: int | None = None) -> list[Friendship]:
    """A user's friendships in the order of the friend's id, those with ids above `after`; all of them by default."""
    with connection.cursor() as cursor:
        cursor.execute(FRIENDS, {"user_id": user_id, "after": after, "limit": limit})
        return [_friendship(row) for row in cursor.fetchall()]
