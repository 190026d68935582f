"""The feed: what happened and was published, over HTTP, in an order that a cursor follows without missing anything.

In a domain service the cursor is the `sequence` that the relay stamps under a lock, from what is committed: it has no
gaps and never becomes visible out of order. The position at which an event was inserted would not do: a transaction
that commits late comes to be behind a cursor that has passed it. An event that is published again keeps its sequence.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import orjson
from django.db import connection

from eventsourcing import envelope, schema_registry, store
from eventsourcing.event import Event
from service import clock, parameters
from service.problems import Problem

ANOTHER = "The cursor is of another feed than this one has become (a restored or emptied database): begin again."
ENTRIES = f"""
SELECT o.sequence, o.published_at, o.partition, o."offset", {store.COLUMNS}
FROM outbox o JOIN events e USING (position) LEFT JOIN personal p USING (event_id)
WHERE o.sequence IS NOT NULL
"""  # noqa: S608 -- assembled from a constant only
ALL = f"{ENTRIES} AND o.sequence > %(after)s ORDER BY o.sequence LIMIT %(limit)s"
# Rows are compared, where equality would let the planner walk through all sequences and throw most of them away: it
# cannot know that a stream, or a type, has nothing any more behind the cursor.
OF_STREAM = f"""
{ENTRIES} AND (o.stream, o.sequence) > (%(stream)s, %(after)s) AND (o.stream, o.sequence) <= (%(stream)s, %(last)s)
  AND (%(type)s::text IS NULL OR o.type = %(type)s)
ORDER BY o.stream, o.sequence LIMIT %(limit)s
"""
OF_TYPE = f"""
{ENTRIES} AND (o.type, o.sequence) > (%(type)s, %(after)s) AND (o.type, o.sequence) <= (%(type)s, %(last)s)
ORDER BY o.type, o.sequence LIMIT %(limit)s
"""
END = "SELECT coalesce(max(sequence), 0) FROM outbox WHERE sequence IS NOT NULL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which events: of one stream, of one type, or both; all where nothing is said."""

    stream: str | None = None
    type: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """An event with its times and places, as JSON values, and the cursor behind it."""

    cursor: str
    document: dict[str, Any]


class Source(Protocol):
    """Where a service's feed comes from."""

    def read(self, cursor: str, wanted: Filter, limit: int) -> list[Item]:
        """The items behind a cursor ("" is before all), in order, at most `limit`; [] where there is none yet.

        Raises Problem 400 for a cursor that is none, 410 for one of another feed.
        """

    def end(self) -> str:
        """The cursor behind all that there is now."""


def message(event: Event) -> orjson.Fragment:
    """The event as it is on Kafka, to stand inside of a document. Personal members that were erased are not in it."""
    return orjson.Fragment(envelope.to_json(event))


class OutboxFeed:
    """The feed of a domain service: everything published, by sequence."""

    def read(self, cursor: str, wanted: Filter, limit: int) -> list[Item]:
        """See Source."""
        after = parameters.integer(cursor, "cursor") if cursor else 0
        values = {**asdict(wanted), "after": after, "last": parameters.MAX_ID, "limit": limit}
        with connection.cursor() as statement:
            statement.execute(OF_STREAM if wanted.stream else OF_TYPE if wanted.type else ALL, values)
            rows = statement.fetchall()
        if not rows and after > int(self.end()):
            raise Problem(410, ANOTHER)
        return [_item(row) for row in rows]

    def end(self) -> str:
        """See Source."""
        with connection.cursor() as statement:
            statement.execute(END)
            (sequence,) = statement.fetchone()
        return str(sequence)


def _item(row: Sequence[Any]) -> Item:
    sequence, published_at, partition, offset, *rest = row
    event = store.as_stored(rest)
    document = {
        "cursor": str(sequence),
        "event": message(event),
        "stored": {"at": clock.iso(event.occurred_at)},
        "published": {
            "at": clock.iso(published_at),
            "topic": schema_registry.newest(event.type).topic,
            "partition": partition,
            "offset": offset,
        },
    }
    return Item(cursor=str(sequence), document=document)
