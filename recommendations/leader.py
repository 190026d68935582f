"""Which of several projectors works: one, whichever holds a session's advisory lock; the others stand by.

PostgreSQL frees the lock when the session ends, so a killed projector is replaced at once. One that is only stopped
(SIGSTOP, a hung disk) keeps its session: it is taken for dead when that session has not asked anything for five
seconds, and its session is ended. What the old one may still do then is nothing: its checkpoints have moved.
"""

import logging
import time

from eventsourcing import direct

logger = logging.getLogger(__name__)
# Ours among whatever else uses advisory locks ("PR").
LOCK = (0x5052, 0)
STALE_SECONDS = 5
MAINTAIN_EVERY_SECONDS = 1.0

END_STALE = """
SELECT activity.pid, pg_terminate_backend(activity.pid)
FROM pg_locks JOIN pg_stat_activity activity ON activity.pid = pg_locks.pid
WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND granted
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND greatest(query_start, state_change) < clock_timestamp() - make_interval(secs => %s)
"""


class Leader:
    """This session's claim to be the one. For one thread; raises psycopg2.Error when the session ends."""

    def __init__(self, connection: direct.Connection) -> None:
        self._connection = connection
        self._leading = False
        self._due = 0.0

    def maintain(self) -> bool:
        """Whether this is the one; about once a second it says that it lives, or tries to become it."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + MAINTAIN_EVERY_SECONDS
            if self._leading:
                # Any statement is a sign of life: its time stands in pg_stat_activity.
                direct.fetch(self._connection, "SELECT 1")
            else:
                self._claim()
        return self._leading

    def _claim(self) -> None:
        for pid, _ in direct.fetch(self._connection, END_STALE, [*LOCK, STALE_SECONDS]):
            logger.warning(
                "The projector of session %d has not been heard of for %d s: taken over", pid, STALE_SECONDS
            )
        self._leading = direct.fetch(self._connection, "SELECT pg_try_advisory_lock(%s, %s)", LOCK)[0][0]
        if self._leading:
            logger.info("This projector is the active one")
