"""Connections that bypass Django and any transaction pooler: for session locks, LISTEN and NOTIFY."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import psycopg2.extensions
import psycopg2.extras
from django.conf import settings
from django.db import connection

from config import databases, environment

Connection = psycopg2.extensions.connection
psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]  # its stub lacks the defaults


def connect(purpose: str) -> Connection:
    """An autocommit connection to the service's database by DATABASE_DIRECT_URL (else DATABASE_URL).

    `purpose` shows in pg_stat_activity. Raises psycopg2.OperationalError.
    """
    url = environment.text("DATABASE_DIRECT_URL")
    place = databases.from_url(url) if url else settings.DATABASES["default"]
    opened: Connection = psycopg2.connect(
        # Django's own, not the URL's: under test it is the test database.
        dbname=connection.settings_dict["NAME"],
        user=place["USER"] or None,
        password=place["PASSWORD"] or None,
        host=place["HOST"] or None,
        port=place["PORT"] or None,
        application_name=f"{settings.SERVICE} {purpose}",
        connect_timeout=5,
        **place["OPTIONS"],
    )
    opened.autocommit = True
    return opened


def listen(opened: Connection, channel: str) -> None:
    """Have the connection receive `NOTIFY channel`."""
    with opened.cursor() as cursor:
        cursor.execute(f"LISTEN {channel}")


def wait(opened: Connection, seconds: float) -> bool:
    """Sleep until a notification arrives, at most `seconds`; True if one did.

    Raises psycopg2.Error when the connection is lost.
    """
    if not _poll(opened):
        select.select([opened], [], [], seconds)
    return _poll(opened)


def _poll(opened: Connection) -> bool:
    opened.poll()
    came = bool(opened.notifies)
    opened.notifies.clear()
    return came


@contextmanager
def snapshot(opened: Connection) -> Iterator[None]:
    """Have the block's statements, which only read, see the database as it was at one moment.

    A connection on which one of them fails is of no use any more: close it.
    """
    with opened.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
        cursor.execute("COMMIT")


def fetch(opened: Connection, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
    """The rows of one statement, each in its own transaction."""
    with opened.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        return rows
