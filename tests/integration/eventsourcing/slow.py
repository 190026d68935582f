"""A transaction that takes its time: appends, then commits only when it is told to."""

import threading
from collections.abc import Callable
from types import TracebackType

from django.db import connection, transaction

from tests.support.waiting import until


class SlowTransaction(threading.Thread):
    """Runs `work` in a transaction of its own thread; `begun` when it has, committed when the block ends."""

    def __init__(self, *work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._permits = threading.Semaphore(0)
        self._done = threading.Semaphore(0)
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Each piece of work on its own permit, then the commit on one more."""
        try:
            with transaction.atomic():
                for piece in self._work:
                    self._permits.acquire()
                    piece()
                    self._done.release()
                self._permits.acquire()
        except BaseException as error:  # noqa: BLE001 -- raised again in the test's own thread
            self.failure = error
        finally:
            connection.close()
            self._done.release()

    def proceed(self) -> None:
        """Let the next piece of work, or the commit, happen; returns when it has."""
        self._permits.release()
        assert self._done.acquire(timeout=30)
        if self.failure is not None:
            raise self.failure

    def __enter__(self) -> "SlowTransaction":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._permits.release(len(self._work) + 1)
        self.join(timeout=30)


def blocked() -> bool:
    """Whether somebody waits for a lock in this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def overlapping(first: Callable[[], object], second: Callable[[], object]) -> BaseException | None:
    """`first` has done its work and not committed; `second` begins and must wait; then both go on to their end.

    What `second` raised, if it did.
    """
    with SlowTransaction(first) as early:
        early.proceed()
        late = SlowTransaction(second)
        with late:
            late._permits.release()
            until(blocked)
            early.proceed()
            assert late._done.acquire(timeout=30)
    return late.failure
