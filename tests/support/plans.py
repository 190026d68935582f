"""What a statement costs, as PostgreSQL itself counts it."""

import json
from typing import Any

from django.db import connection


def rows_read(statement: str) -> int:
    """The most rows that any one step of the statement's plan read, also those that it threw away; carries it out."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement)
        (plan,) = cursor.fetchone()
    found = json.loads(plan) if isinstance(plan, str) else plan
    return max(_steps(found[0]["Plan"]))


def _steps(node: dict[str, Any]) -> list[int]:
    loops = node["Actual Loops"]
    own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * loops
    return [round(own), *(count for inner in node.get("Plans", ()) for count in _steps(inner))]
