"""When what of the log came into the graph: noted beside the log, for the log itself is never changed.

The note is written after the graph's transaction. A crash between the two leaves it to the projector's next start:
then the time is somewhat late, never early.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from recommendations.log import Mark, Place
from service import clock

KEPT = 100_000
PRUNE_EVERY_SECONDS = 60.0
# What was noted before stays: a graph that is made anew was there before.
NOTE = """
INSERT INTO projected (topic, partition, first, last, at)
SELECT move.topic, move.partition, coalesce(known.last, 0) + 1, move.position, %(at)s
FROM unnest(%(topics)s::text[], %(partitions)s::int[], %(positions)s::bigint[]) AS move (topic, partition, position)
LEFT JOIN LATERAL (
    SELECT last FROM projected WHERE projected.topic = move.topic AND projected.partition = move.partition
    ORDER BY last DESC LIMIT 1) known ON true
WHERE move.position > coalesce(known.last, 0)
ON CONFLICT (topic, partition, last) DO NOTHING
"""
FORGET = """
DELETE FROM projected USING unnest(%(topics)s::text[], %(partitions)s::int[]) AS place (topic, partition)
WHERE projected.topic = place.topic AND projected.partition = place.partition
"""
# The last piece of each partition stays: it says how far the graph is.
PRUNE = """
DELETE FROM projected WHERE id IN (
    SELECT id FROM projected old WHERE id <= (SELECT max(id) FROM projected) - %(kept)s
      AND EXISTS (SELECT FROM projected later WHERE later.topic = old.topic AND later.partition = old.partition
                  AND later.last > old.last)
    ORDER BY id LIMIT 10000)
"""
_prune_at = 0.0


def note(moves: Mapping[Place, Mark]) -> None:
    """Say that the graph has each partition up to these places, now."""
    if moves:
        positions = [mark.position for mark in moves.values()]
        _execute(NOTE, {**_places(moves), "positions": positions, "at": clock.now()})
        _prune()


def forget(places: Iterable[Place]) -> None:
    """Take back what was said of partitions: their positions are those of a log that is gone."""
    chosen = list(places)
    if chosen:
        _execute(FORGET, _places(chosen))


def _prune() -> None:
    """Once a minute: about the last KEPT pieces are kept."""
    global _prune_at
    if time.monotonic() >= _prune_at:
        _execute(PRUNE, {"kept": KEPT})
        _prune_at = time.monotonic() + PRUNE_EVERY_SECONDS


def _places(places: Iterable[Place]) -> dict[str, Any]:
    topics, partitions = zip(*places, strict=True)
    return {"topics": list(topics), "partitions": list(partitions)}


def _execute(statement: str, values: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
