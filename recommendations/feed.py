"""The feed of what this service has received: its log, with when each event came and when it was in the graph.

The log has an order within each partition of a topic and none across them. So the cursor is a position in each; it
also says which event stands there, and is refused where another one does: then it is of a log that is gone.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from django.db import connection

from eventsourcing.feed import ANOTHER, Filter, Item, message
from recommendations import log
from recommendations.log import Entry, Mark, Place
from service import clock, parameters
from service.problems import Problem

# Of each partition the position, and by which event one knows that it is still that log.
Vector = dict[Place, Mark]
TAG_LENGTH = 12

# Of each partition at most a page, in order, then the first of all of these. Rows are compared, where equality would
# let the planner walk through a partition and throw most of it away.
ALL = """
(l.topic, l.partition, l.position) > (place.topic, place.partition, place.position)
AND (l.topic, l.partition, l.position) <= (place.topic, place.partition, %(last)s)
ORDER BY l.topic, l.partition, l.position
"""
OF_STREAM = """
(l.stream, l.topic, l.partition, l.position) > (%(stream)s, place.topic, place.partition, place.position)
AND (l.stream, l.topic, l.partition, l.position) <= (%(stream)s, place.topic, place.partition, %(last)s)
AND (%(type)s::text IS NULL OR l.event_type = %(type)s)
ORDER BY l.stream, l.topic, l.partition, l.position
"""
OF_TYPE = """
(l.event_type, l.topic, l.partition, l.position) > (%(type)s, place.topic, place.partition, place.position)
AND (l.event_type, l.topic, l.partition, l.position) <= (%(type)s, place.topic, place.partition, %(last)s)
ORDER BY l.event_type, l.topic, l.partition, l.position
"""
PAGE = f"""
WITH page AS MATERIALIZED (
    SELECT entry.* FROM unnest(%(topics)s::text[], %(partitions)s::int[], %(positions)s::bigint[])
        AS place (topic, partition, position)
    CROSS JOIN LATERAL (SELECT l.* FROM log l WHERE {{entries}} LIMIT %(limit)s) entry
    ORDER BY entry.id LIMIT %(limit)s
)
SELECT l.source_offset, l.received_at, piece.last IS NOT NULL, piece.at, {log.COLUMNS}
FROM page l LEFT JOIN log_personal p USING (event_id)
LEFT JOIN LATERAL (
    SELECT last, CASE WHEN first <= l.position THEN at END AS at FROM projected
    WHERE projected.topic = l.topic AND projected.partition = l.partition AND last >= l.position
    ORDER BY last LIMIT 1) piece ON true
ORDER BY l.id
"""  # noqa: S608 -- assembled from constants only
STANDS = """
SELECT place.topic, place.partition, log.position, log.event_id
FROM unnest(%(topics)s::text[], %(partitions)s::int[], %(positions)s::bigint[]) AS place (topic, partition, position)
JOIN log ON log.topic = place.topic AND log.partition = place.partition AND log.position = place.position
"""


def token(vector: Mapping[Place, Mark]) -> str:
    """A cursor as text that may stand in a URL and in a header: opaque to whoever gets it."""
    places = [[*place, mark.position, mark.event_id] for place, mark in sorted(vector.items())]
    return base64.urlsafe_b64encode(orjson.dumps(places)).decode().rstrip("=")


def vector(cursor: str) -> Vector:
    """The places that a cursor names. Raises Problem 400 for text that no `token` has made."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        places = orjson.loads(base64.b64decode(padded, altchars="-_", validate=True))
        return {_place(topic, partition): _mark(position, tag) for topic, partition, position, tag in places}
    except (binascii.Error, ValueError, TypeError) as error:
        raise Problem(
            400, "cursor is none of this feed.", errors=[{"field": "cursor", "message": "is none of this feed"}]
        ) from error


def _place(topic: Any, partition: Any) -> Place:
    if not isinstance(topic, str) or type(partition) is not int or not 0 <= partition < 2**31 or "\0" in topic:
        raise ValueError("no partition of a topic")
    return Place(topic, partition)


def _mark(position: Any, tag: Any) -> Mark:
    if type(position) is not int or not 0 < position < 2**63 or not isinstance(tag, str):
        raise ValueError("no position")
    return Mark(position=position, event_id=tag)


class LogFeed:
    """The feed of the log."""

    def read(self, cursor: str, wanted: Filter, limit: int) -> list[Item]:
        """See eventsourcing.feed.Source."""
        reached = vector(cursor) if cursor else {}
        ends = _ends()
        if reached and not _same_log(reached, ends):
            raise Problem(410, ANOTHER)
        if reached == ends:
            return []
        positions = {place: reached[place].position if place in reached else 0 for place in ends}
        items: list[Item] = []
        for row in _page(positions, wanted, limit):
            entry = log.as_logged(row[4:])
            reached[entry.place] = _tagged(entry.event.position, entry.event.event_id)
            items.append(_item(row[:4], entry, token(reached)))
        return items

    def end(self) -> str:
        """See eventsourcing.feed.Source."""
        ends = _ends()
        return token(ends) if ends else ""


def _tagged(position: int, event_id: object) -> Mark:
    """A place as cursors name it. The end of a UUIDv7 is random; all of it would make cursors too long for URLs."""
    return Mark(position=position, event_id=str(event_id)[-TAG_LENGTH:])


def _ends() -> Vector:
    return {place: _tagged(mark.position, mark.event_id) for place, mark in log.ends().items()}


def _same_log(reached: Vector, ends: Mapping[Place, Mark]) -> bool:
    """Whether the cursor's events stand where it says. At the ends, which are known, nothing is asked."""
    behind = {place: mark for place, mark in reached.items() if ends.get(place) != mark}
    if not behind:
        return True
    with connection.cursor() as statement:
        statement.execute(STANDS, _arrays({place: mark.position for place, mark in behind.items()}))
        found = {Place(topic, partition): _tagged(*mark) for topic, partition, *mark in statement.fetchall()}
    return found == behind


def _arrays(positions: Mapping[Place, int]) -> dict[str, Any]:
    return {
        "topics": [place.topic for place in positions],
        "partitions": [place.partition for place in positions],
        "positions": list(positions.values()),
    }


def _page(positions: Mapping[Place, int], wanted: Filter, limit: int) -> list[tuple[Any, ...]]:
    values = {**_arrays(positions), **asdict(wanted), "last": parameters.MAX_ID, "limit": limit}
    entries = OF_STREAM if wanted.stream else OF_TYPE if wanted.type else ALL
    with connection.cursor() as statement:
        statement.execute(PAGE.format(entries=entries), values)
        rows: list[tuple[Any, ...]] = statement.fetchall()
        return rows


def _item(steps: Sequence[Any], entry: Entry, cursor: str) -> Item:
    source_offset, received_at, projected, projected_at = steps
    event = entry.event
    at = clock.iso(projected_at) if projected_at else None
    document = {
        "cursor": cursor,
        "event": message(event),
        "stored": {"at": clock.iso(event.occurred_at)},
        "published": {"topic": entry.place.topic, "partition": entry.place.partition, "offset": source_offset},
        "received": {"at": clock.iso(received_at), "position": event.position},
        "projected": {"at": at} if projected else None,
    }
    return Item(cursor=cursor, document=document)
