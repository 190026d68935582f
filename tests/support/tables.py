"""A table's content, to the byte."""

import io

from django.db import connection


def dump(table: str) -> str:
    """All rows in the order of the primary key, as PostgreSQL's own text format writes them."""
    with connection.cursor() as cursor:
        out = io.StringIO()
        cursor.copy_expert(f"COPY (SELECT * FROM {table} ORDER BY 1) TO STDOUT", out)  # noqa: S608 -- a table's name from a test
        return out.getvalue()


def execute(statement: str, *values: str | int) -> None:
    """One statement, committed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def tamper(statement: str, *values: str | int) -> None:
    """The same by somebody who may do anything: no trigger of the table's refuses it."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            cursor.execute(statement, values)
        finally:
            cursor.execute("SET session_replication_role = origin")
