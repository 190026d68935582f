"""What the users service answers from its state."""

from datetime import datetime
from typing import Any

from django.db import connection

from eventsourcing import history
from users import user
from users.user import User

COLUMNS = "id, first_name, last_name, created_at, last_modified, version"
GET = f"SELECT {COLUMNS} FROM users WHERE id = %s"  # noqa: S608 -- assembled from a constant only
LIST = f"SELECT {COLUMNS} FROM users WHERE id > %(after)s ORDER BY id LIMIT %(limit)s"  # noqa: S608 -- as above
SEARCH = f"""
SELECT {COLUMNS} FROM users
WHERE id > %(after)s AND (lower(first_name) LIKE %(prefix)s OR lower(last_name) LIKE %(prefix)s
      OR lower(first_name) LIKE %(first)s AND lower(last_name) LIKE %(last)s)
ORDER BY id LIMIT %(limit)s
"""  # noqa: S608 -- as above


def _user(row: tuple[Any, ...]) -> User:
    user_id, first_name, last_name, created_at, last_modified, version = row
    return User(
        id=user_id,
        first_name=first_name,
        last_name=last_name,
        created_at=created_at,
        last_modified=last_modified,
        version=version,
    )


def get_user(user_id: int) -> User | None:
    """The user, or None."""
    with connection.cursor() as cursor:
        cursor.execute(GET, [user_id])
        row = cursor.fetchone()
    return _user(row) if row else None


def get_user_as_of(user_id: int, moment: datetime) -> User | None:
    """The user as it was at a moment, by its events; None where there was no such user yet."""
    return history.as_of(user.stream_of(user_id), moment, user.evolve)


def _prefix(text: str) -> str:
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"


def list_users(*, after: int = 0, limit: int, name: str = "") -> list[User]:
    """At most `limit` users with ids above `after`, by id.

    `name`: only those whose first or last name begins with it, or, with a blank inside, whose first name begins with
    what stands before and whose last name with what stands behind; case does not matter.
    """
    name = name.strip()
    first, _, last = name.partition(" ")
    values: dict[str, int | str] = {
        "after": after,
        "limit": limit,
        "prefix": _prefix(name),
        "first": _prefix(first),
        # Without a blank the third condition must add nothing to the second.
        "last": _prefix(last.strip() or name),
    }
    with connection.cursor() as cursor:
        cursor.execute(SEARCH if name else LIST, values)
        return [_user(row) for row in cursor.fetchall()]
