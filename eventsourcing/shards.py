"""Who relays what: shards of streams, each held by one relay at a time.

A relay owns a shard while its session holds the shard's advisory lock. PostgreSQL frees it when the session ends, so
a killed relay's shards are free at once. One that is only stopped (SIGSTOP, a hung disk) keeps its session and its
lock; it cannot keep its heartbeat, and a standby that sees it stale ends that session and takes over. What the old
owner may still send is a repeat, which consumers drop.
"""

import logging
import math
import time

from eventsourcing import direct

logger = logging.getLogger(__name__)

# First of the two numbers of the advisory locks: ours among whatever else uses them ("OB", "OP").
SHARD_LOCKS, PRESENCE_LOCKS = 0x4F42, 0x4F50
STALE_SECONDS = 5
MAINTAIN_EVERY_SECONDS = 1.0

# Only those that were heard of lately: one that hangs before it owns anything must not keep a share free for itself.
PRESENT = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE state_change > clock_timestamp() - make_interval(secs => %s)
  AND locktype = 'advisory' AND classid = %s AND objid = 0 AND granted AND mode = 'ShareLock'
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
OWN = """
INSERT INTO relay_shards (shard, owner, backend_pid, heartbeat_at)
SELECT shard, %(owner)s, pg_backend_pid(), clock_timestamp() FROM unnest(%(shards)s) AS shard
ON CONFLICT (shard) DO UPDATE
SET owner = excluded.owner, backend_pid = excluded.backend_pid, heartbeat_at = excluded.heartbeat_at
"""
END_STALE = """
SELECT owner, shards, pg_terminate_backend(pid, 1000)
FROM (
SELECT pid, min(owner) AS owner, array_agg(shard ORDER BY shard) AS shards
FROM relay_shards JOIN pg_locks ON pg_locks.objid = shard
WHERE locktype = 'advisory' AND classid = %(locks)s AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND shard = ANY(%(shards)s) AND heartbeat_at < clock_timestamp() - make_interval(secs => %(stale)s)
GROUP BY pid
) AS silent
"""


class Shards:
    """The shards that this relay's session owns. For one thread; raises psycopg2.Error when the session ends."""

    def __init__(self, connection: direct.Connection, *, owner: str, total: int) -> None:
        self.owned: set[int] = set()
        self._connection, self._owner, self._total = connection, owner, total
        self._due = 0.0
        direct.fetch(connection, "SELECT pg_advisory_lock_shared(%s, 0)", [PRESENCE_LOCKS])

    def maintain(self, *, now: bool = False) -> None:
        """About once a second, or now: say that we live, take free shards up to our share, give back what is over it.

        Call it only while nothing that belongs to an owned shard is under way.
        """
        if time.monotonic() < self._due and not now:
            return
        self._due = time.monotonic() + MAINTAIN_EVERY_SECONDS
        share = math.ceil(self._total / max(1, self._relays()))
        for shard in sorted(self.owned)[share:]:
            self._release(shard)
        foreign = [shard for shard in range(self._total) if shard not in self.owned]
        self._end_stale(foreign)
        for shard in foreign:
            if len(self.owned) < share:
                self._try(shard)
        self.beat()

    def beat(self) -> None:
        """Say that we live; also while waiting for Kafka."""
        if self.owned:
            direct.fetch(self._connection, OWN, {"owner": self._owner, "shards": sorted(self.owned)})

    def _relays(self) -> int:
        return int(direct.fetch(self._connection, PRESENT, [STALE_SECONDS, PRESENCE_LOCKS])[0][0])

    def _try(self, shard: int) -> None:
        if direct.fetch(self._connection, "SELECT pg_try_advisory_lock(%s, %s)", [SHARD_LOCKS, shard])[0][0]:
            self.owned.add(shard)
            # At once: the row still has the heartbeat of who owned it last, which may be old.
            direct.fetch(self._connection, OWN, {"owner": self._owner, "shards": [shard]})
            logger.info("%s relays shard %d", self._owner, shard)

    def _release(self, shard: int) -> None:
        self.owned.discard(shard)
        direct.fetch(self._connection, "SELECT pg_advisory_unlock(%s, %s)", [SHARD_LOCKS, shard])
        logger.info("%s leaves shard %d to another relay", self._owner, shard)

    def _end_stale(self, shards: list[int]) -> None:
        values = {"locks": SHARD_LOCKS, "shards": shards, "stale": STALE_SECONDS}
        for owner, held, _ in direct.fetch(self._connection, END_STALE, values):
            logger.warning("%s was not heard of for %d s: its shards %s are taken", owner, STALE_SECONDS, held)
