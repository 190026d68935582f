"""What the tests of one service with real engines share."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, in which events may be truncated between two tests; nowhere else may they."""
    with django_db_blocker.unblock():
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} SET eventsourcing.allow_truncate = 'on'")
        # The setting holds for sessions that begin after it.
        connection.close()
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # Threads that announce have sessions of their own, which would keep the database from being dropped.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
