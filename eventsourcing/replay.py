"""Replay: publish events again that were published before, for consumers that must hear them once more.

Consumers that saw them drop them by event id, so a replay harms nobody; it is for those that lost something.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from eventsourcing import store
from eventsourcing.event import Event

SELECTED = """
FROM outbox o JOIN events e USING (position) LEFT JOIN personal p USING (event_id)
WHERE o.sequence > %(after)s
  AND (%(since)s::timestamptz IS NULL OR e.occurred_at >= %(since)s)
  AND (%(stream)s::text IS NULL OR e.stream = %(stream)s)
"""
COUNT = f"SELECT count(*) {SELECTED}"
BATCH = f"SELECT o.sequence, {store.COLUMNS} {SELECTED} ORDER BY o.sequence LIMIT %(limit)s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which published events: those behind a sequence, not older than a moment, of one stream; all by default."""

    after: int = 0
    since: datetime | None = None
    stream: str | None = None

    def values(self) -> dict[str, int | str | datetime | None]:
        """As the statements' parameters."""
        return {"after": self.after, "since": self.since, "stream": self.stream}


def count(selection: Selection) -> int:
    """How many events there are to replay."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, selection.values())
        (number,) = cursor.fetchone()
    return int(number)


def batches(selection: Selection, *, limit: int = 500) -> Iterator[list[Event]]:
    """The selected events in the order in which they were published, in lists of at most `limit`."""
    after = selection.after
    while True:
        with connection.cursor() as cursor:
            cursor.execute(BATCH, {**selection.values(), "after": after, "limit": limit})
            rows = cursor.fetchall()
        if not rows:
            return
        yield [store.as_stored(row[1:]) for row in rows]
        after = rows[-1][0]
