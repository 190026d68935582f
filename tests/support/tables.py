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
