"""Is everything there that belongs to an event? `verify` asks, and `verify --repair` heals what can be healed.

Beside each event stand its outbox entry, without which it would never be published, its personal members, and the
version before it. Each check is one statement, so it sees commands whole or not at all.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from eventsourcing import schema_registry, store

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What is wrong, in a sentence, and what makes it good; where nothing here can, `advice` says what to do."""

    what: str
    heal: Callable[[], None] | None = None
    advice: str = ""

    def __str__(self) -> str:
        return self.what if not self.advice else f"{self.what}. {self.advice}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """`find` gives a row for each thing that is wrong, `what` is said of it, `heal` makes it good."""

    find: str
    what: str
    heal: str = ""
    advice: str = ""


# What may be done while commands and relays run: each looks again at what it changes.
CHECKS = (
    Check(
        find="SELECT position, stream, version FROM events e"
        " WHERE NOT EXISTS (SELECT FROM outbox o WHERE o.position = e.position) ORDER BY position",
        what="{stream} v{version}: no outbox entry, it would never be published",
        heal="INSERT INTO outbox (position, stream, version, shard)"
        " VALUES (%(position)s, %(stream)s, %(version)s, %(shard)s) ON CONFLICT DO NOTHING",
    ),
    Check(
        find="SELECT position, stream, version FROM outbox o"
        " WHERE NOT EXISTS (SELECT FROM events e WHERE e.position = o.position) ORDER BY position",
        what="outbox entry {position}, {stream} v{version}: there is no such event",
        heal="DELETE FROM outbox WHERE position = %(position)s",
    ),
    Check(
        find="SELECT e.position, e.stream, e.version FROM events e JOIN outbox o USING (position)"
        " WHERE (o.stream, o.version) <> (e.stream, e.version) ORDER BY position",
        what="{stream} v{version}: its outbox entry names another event",
        heal="UPDATE outbox SET stream = %(stream)s, version = %(version)s, shard = %(shard)s"
        " WHERE position = %(position)s",
    ),
    Check(
        find="SELECT position, stream, version FROM outbox WHERE published_at IS NOT NULL"
        ' AND (sequence IS NULL OR partition IS NULL OR "offset" IS NULL) ORDER BY position',
        what="{stream} v{version}: marked as published, but not where",
        heal="UPDATE outbox SET published_at = NULL WHERE position = %(position)s",
    ),
    Check(
        find="SELECT stream, version FROM events e WHERE version > 1 AND NOT EXISTS"
        " (SELECT FROM events b WHERE b.stream = e.stream AND b.version = e.version - 1) ORDER BY position",
        what="{stream} v{version}: the version before it is missing",
        advice="Only a backup has the whole history: restore the database.",
    ),
    Check(
        find="SELECT event_id FROM personal p WHERE NOT EXISTS (SELECT FROM events e WHERE e.event_id = p.event_id)",
        what="personal members of {event_id}: there is no such event",
        heal="DELETE FROM personal WHERE event_id = %(event_id)s",
    ),
)
SHARDS = """
SELECT DISTINCT o.stream, o.shard FROM outbox o JOIN events e ON e.position = o.position AND e.stream = o.stream
ORDER BY stream
"""
RESHARD = "UPDATE outbox SET shard = %s WHERE stream = %s"
# Where a stream was erased, nobody misses them.
WITHOUT_PERSONAL = """
SELECT event_id, stream, version FROM events e
WHERE (type, schema_version) IN %(types)s AND NOT EXISTS (SELECT FROM personal p WHERE p.event_id = e.event_id)
  AND NOT EXISTS (SELECT FROM events last WHERE last.stream = e.stream AND last.type = ANY(%(erasures)s))
ORDER BY position
"""
LOST_PERSONAL = "`verify --topics --repair` takes them from Kafka where it still has them; else restore a backup."


def verify() -> Iterator[Finding]:
    """Everything that is wrong in the tables of the event store."""
    for check in CHECKS:
        for row in _rows(check.find):
            heal = _healing(check.heal, row) if check.heal else None
            yield Finding(what=check.what.format(**row), heal=heal, advice=check.advice)
    yield from _wrong_shards()
    for row in without_personal():
        yield Finding(
            what="{stream} v{version}: its personal members are missing".format(**row), advice=LOST_PERSONAL
        )


def without_personal() -> list[dict[str, Any]]:
    """Events whose personal members should be there and are not: event_id, stream, version of each."""
    types = tuple((one.type, one.version) for one in schema_registry.all_types() if one.personal)
    if not types:
        return []
    return _rows(WITHOUT_PERSONAL, {"types": types, "erasures": sorted(schema_registry.erasures())})


def _wrong_shards() -> Iterator[Finding]:
    for row in _rows(SHARDS):
        stream, right = row["stream"], store.shard_of(row["stream"])
        if row["shard"] != right:
            what = f"{stream}: entries in shard {row['shard']}, its relay looks in shard {right}"
            yield Finding(what=what, heal=lambda stream=stream, right=right: execute(RESHARD, [right, stream]))  # type: ignore[misc]


def _healing(statement: str, row: dict[str, Any]) -> Callable[[], None]:
    values = row | ({"shard": store.shard_of(row["stream"])} if "stream" in row else {})
    return lambda: execute(statement, values)


def _rows(statement: str, values: Values | None = None) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def execute(statement: str, values: Any) -> None:
    """One statement, committed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
