"""One database for each service on the same server, made where it is missing."""

from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from desktop.errors import DesktopError

BASE_NAME = "social"


def named(url: str, service: str) -> str:
    """The URL of a service's database on the server that `url` names; its path is the base of the names."""
    parts = urlsplit(url)
    base = parts.path.lstrip("/") or BASE_NAME
    return urlunsplit(parts._replace(path=f"/{base}_{service}"))


def ensure(url: str) -> None:
    """Makes the database of this URL, unless it is there. Raises DesktopError where the server refuses."""
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError as error:
        # libpq gives connection errors no code: only the text tells a missing database from a missing server.
        if "does not exist" not in str(error):
            raise DesktopError(f"PostgreSQL does not let us in ({_short(error)}). Check DATABASE_URL.") from error
        _create(url)


def _create(url: str) -> None:
    parts = urlsplit(url)
    name = parts.path.lstrip("/")
    try:
        connection = psycopg2.connect(urlunsplit(parts._replace(path="/postgres")))
        try:
            connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        finally:
            connection.close()
    except errors.DuplicateDatabase:
        return
    except psycopg2.Error as error:
        raise DesktopError(f"PostgreSQL does not make the database {name} ({_short(error)}).") from error


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
