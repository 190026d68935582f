"""What can be asked of the users service. Each command decides by the aggregate's rules, appends the event and
updates the state in one transaction."""

from dataclasses import asdict

from django.db import connection

from eventsourcing import store
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
    with connection.cursor() as cursor:
        cursor.execute(UPDATE, asdict(changed))
        if cursor.rowcount != 1:
            # The row was replaced under us (a repair): to go on would leave the state behind the events.
            raise VersionConflict(f"The row of user {user_id} was made anew.")
    return changed
