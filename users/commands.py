"""What can be asked of the users service. Each command decides by the aggregate's rules, appends the event and
updates the state in one transaction."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import connection

from eventsourcing import idempotency, store
from eventsourcing.command import command
from eventsourcing.http import require_version
from eventsourcing.store import VersionConflict
from service import clock
from service.problems import Problem
from users import queries, user
from users.user import User

INSERT = """
INSERT INTO users (id, first_name, last_name, created_at, last_modified, version)
VALUES (%(id)s, %(first_name)s, %(last_name)s, %(created_at)s, %(last_modified)s, %(version)s)
"""
UPDATE = """
UPDATE users SET first_name = %(first_name)s, last_name = %(last_name)s, last_modified = %(last_modified)s,
                 version = %(version)s
WHERE id = %(id)s
"""
DELETE = "DELETE FROM users WHERE id = %(id)s"


@command
def create_user(*, first_name: str, last_name: str) -> User:
    """Create a user. The names are valid already (`serializers.UserInput`)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('user_id')")
        (user_id,) = cursor.fetchone()
        created, event = user.create(user_id, first_name=first_name, last_name=last_name, at=clock.now())
        store.append(user.stream_of(user_id), expected_version=0, events=[event])
        cursor.execute(INSERT, asdict(created))
    return created


@command
def update_user(user_id: int, *, first_name: str, last_name: str, expected: frozenset[int] | None = None) -> User:
    """Change a user's names.

    Raises Problem: 404 where there is no such user, 412 where the user is at none of the `expected` versions.
    """
    current = queries.get_user(user_id)
    if current is None:
        raise Problem(404, f"There is no user {user_id}.")
    require_version(expected, current.version)
    changed, event = user.update(current, first_name=first_name, last_name=last_name, at=clock.now())
    store.append(user.stream_of(user_id), expected_version=current.version, events=[event])
    _write(UPDATE, asdict(changed))
    return changed


@command
def delete_user(user_id: int, *, expected: frozenset[int] | None = None) -> None:
    """End a user and erase who it was: the state, the personal members of all events, the answers kept for clients.

    Raises Problem: 404 where there is no such user (any more), 412 where it is at none of the `expected` versions.
    """
    current = queries.get_user(user_id)
    if current is None:
        raise Problem(404, f"There is no user {user_id}.")
    require_version(expected, current.version)
    stream = user.stream_of(user_id)
    # First: from here on nobody else can add to the stream, nor to what is erased below.
    store.append(stream, expected_version=current.version, events=[user.delete(current, at=clock.now())])
    _write(DELETE, {"id": user_id})
    store.erase(stream)
    idempotency.forget(stream)


def _write(statement: str, values: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        if cursor.rowcount != 1:
            # The row was replaced under us (a repair): to go on would leave the state behind the events.
            raise VersionConflict(f"The row of user {values['id']} was made anew.")
