"""What an event-sourced service tells in the details of its health. Parked keys and a lag take no service down: it
answers, and what is wrong stands here and in the metrics."""

from typing import Any

from django.db import connection

from eventsourcing import topics, totals
from eventsourcing.measures import LETTERS, MOST

RELAYS = """
SELECT owner, array_agg(shard ORDER BY shard), extract(epoch FROM clock_timestamp() - min(heartbeat_at))
FROM relay_shards GROUP BY owner ORDER BY owner
"""
OLDEST = f"""
SELECT coalesce(sum(number), 0), greatest(0, extract(epoch FROM clock_timestamp() - min(oldest)))
FROM ({totals.UNPUBLISHED}) AS waiting (type, number, oldest, new)
"""  # noqa: S608 -- assembled from a constant only


def _rows(statement: str, values: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def outbox() -> dict[str, Any] | None:
    """How many events are not published (at most 10,000), and for how long the oldest has not been. None: this
    service publishes nothing."""
    if not topics.owned():
        return None
    ((number, age),) = _rows(OLDEST, [MOST])
    return {"unpublished": int(number), "oldestUnpublishedSeconds": round(float(age or 0.0), 3)}


def relays() -> list[dict[str, Any]]:
    """Who relays which shards, and how long ago each last said that it lives."""
    return [
        {"owner": owner, "shards": shards, "heartbeatAgeSeconds": round(float(age), 3)}
        for owner, shards, age in _rows(RELAYS)
    ]


def dead_letters() -> dict[str, Any]:
    """By consumer, the keys that are parked and the letters that wait (at most 10,000)."""
    return {consumer: {"parkedKeys": keys, "letters": letters} for consumer, keys, letters in _rows(LETTERS, [MOST])}
