"""How many events of each type were ever published: kept up to date by the relay, in the transaction that marks them,
so that nobody has to count a million rows.

The outbox's sequence has no gap, so the totals are right when they add up to its end. When they do not (they are new,
or an older relay has marked) they are counted once: up to a fixed sequence without anybody waiting, the rest under
the lock under which sequences are given.
"""

from collections.abc import Mapping

from eventsourcing import direct

LOCK = "SELECT pg_advisory_xact_lock(hashtext('outbox.sequence'))"
# Before they are marked: what has a sequence was counted when it got it. Gives what is new, by type.
ADD = """
WITH new AS (
    SELECT e.type, count(*) AS number FROM outbox o JOIN events e USING (position)
    WHERE o.position = ANY(%(positions)s::bigint[]) AND o.sequence IS NULL GROUP BY e.type
), added AS (
    INSERT INTO event_totals (type, published) SELECT type, number FROM new
    ON CONFLICT (type) DO UPDATE SET published = event_totals.published + excluded.published
)
SELECT type, number FROM new
"""
PUBLISHED = "SELECT type, published FROM event_totals"
BALANCE = """
SELECT coalesce((SELECT max(sequence) FROM outbox WHERE sequence IS NOT NULL), 0),
       coalesce((SELECT sum(published) FROM event_totals), 0)
"""
COUNT = """
SELECT e.type, count(*) FROM outbox o JOIN events e USING (position)
WHERE o.sequence > %(after)s AND o.sequence <= %(upto)s GROUP BY e.type
"""
SET = """
INSERT INTO event_totals (type, published) VALUES (%(type)s, %(published)s)
ON CONFLICT (type) DO UPDATE SET published = excluded.published
"""
# Enough for some ten million events; nobody waits for it.
COUNT_MS = 120_000
# What is to be published again has a sequence, and is in the totals.
UNPUBLISHED = """
SELECT e.type, count(*), min(e.occurred_at), count(*) FILTER (WHERE one.sequence IS NULL)
FROM (SELECT position, sequence FROM outbox WHERE published_at IS NULL ORDER BY position LIMIT %s) AS one
JOIN events e USING (position) GROUP BY e.type
"""


def published(connection: direct.Connection) -> Mapping[str, int]:
    """By type, how many events were ever published."""
    return {name: int(number) for name, number in direct.fetch(connection, PUBLISHED)}


def balance(connection: direct.Connection) -> bool:
    """Count anew where the totals do not add up; whether they did."""
    end, total = direct.fetch(connection, BALANCE)[0]
    if end == total:
        return True
    counted = _long(connection, 0, end)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(LOCK)
        cursor.execute(BALANCE)
        (now, _) = cursor.fetchone() or (end, 0)
        cursor.execute(COUNT, {"after": end, "upto": now})
        for name, number in cursor.fetchall():
            counted[name] = counted.get(name, 0) + number
        cursor.execute("DELETE FROM event_totals")
        for name, number in counted.items():
            cursor.execute(SET, {"type": name, "published": number})
        cursor.execute("COMMIT")
    return False


def _long(connection: direct.Connection, after: int, upto: int) -> dict[str, int]:
    (before,) = direct.fetch(connection, "SHOW statement_timeout")[0]
    direct.fetch(connection, "SELECT set_config('statement_timeout', %s, false)", [str(COUNT_MS)])
    rows = direct.fetch(connection, COUNT, {"after": after, "upto": upto})
    direct.fetch(connection, "SELECT set_config('statement_timeout', %s, false)", [before])
    return {name: int(number) for name, number in rows}
