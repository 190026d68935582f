"""Waiting until the graph has caught up with what somebody has seen.

One look serves everybody who waits in this process: whoever waits first starts a thread, which is woken by the
projector's NOTIFY and looks by itself ever more seldom; it ends when nobody has waited for a while. A waiter occupies
a thread of the web server, so only so many may: others are answered at once with what there is.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, field

import psycopg2
from django.db import InterfaceError, OperationalError, connection
from neo4j.exceptions import Neo4jError

from config import environment
from eventsourcing import direct
from recommendations import arrival, graph, projection
from recommendations.arrival import Missing, Want

logger = logging.getLogger(__name__)
# The first pause between two looks, and the longest; a NOTIFY ends each.
BUSY_SECONDS, IDLE_SECONDS, TROUBLE_SECONDS = 0.02, 0.25, 1.0
LINGER_SECONDS = 5.0
# How often a waiter looks whether anybody still waits for it.
TICK_SECONDS = 0.25
TROUBLE = (graph.Unavailable, Neo4jError, psycopg2.Error, OperationalError, InterfaceError)


def look(wants: Collection[Want]) -> dict[Want, Missing]:
    """What of these is not in the graph now. Raises graph.Unavailable."""
    return arrival.missing(wants, projection.checkpoints()) if wants else {}


@dataclass(eq=False, slots=True)
class Waiter:
    """Somebody who waits, what for, and what of it was missing at the last look."""

    wants: frozenset[Want]
    missing: list[Missing] = field(default_factory=list)
    settled: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, found: dict[Want, Missing]) -> None:
        """What a look has found. Settled where nothing is missing, or something that no waiting brings.

        Two may tell at once; a look that began earlier must not undo what a later one has settled.
        """
        with self._lock:
            if self.settled.is_set():
                return
            self.missing = [found[want] for want in sorted(self.wants) if want in found]
            if not self.missing or any(one.lasting for one in self.missing):
                self.settled.set()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What was missing in the end; and whether too many waited already, so that this one could not."""

    missing: list[Missing]
    crowded: bool = False


class Watch:
    """Those who wait in this process, at most `places` at a time."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._waiters: set[Waiter] = set()
        self._thread: threading.Thread | None = None

    def wait(self, wants: frozenset[Want], seconds: float, abandoned: Callable[[], bool]) -> Outcome:
        """Wait until all of these are in the graph, at most so long, and only while they are not `abandoned`.

        Raises graph.Unavailable where not even a first look is possible.
        """
        waiter, deadline = Waiter(wants), time.monotonic() + seconds
        # Mostly everything is there, and no place is needed.
        waiter.tell(look(wants))
        if waiter.settled.is_set() or seconds <= 0:
            return Outcome(missing=waiter.missing)
        if not self._enter(waiter):
            return Outcome(missing=waiter.missing, crowded=True)
        try:
            # Once more: a NOTIFY between the first look and the entry has woken nobody for this one.
            waiter.tell(look(wants))
            self._attend()
            _sit_out(waiter, deadline, abandoned)
        finally:
            self._leave(waiter)
        return Outcome(missing=waiter.missing)

    def _enter(self, waiter: Waiter) -> bool:
        with self._lock:
            if len(self._waiters) >= self._places:
                return False
            self._waiters.add(waiter)
            return True

    def _leave(self, waiter: Waiter) -> None:
        with self._lock:
            self._waiters.discard(waiter)

    def _attend(self) -> None:
        """Have a thread that looks."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = BUSY_SECONDS
        try:
            while self._needed():
                try:
                    self._serve()
                except TROUBLE as error:
                    logger.warning("What has arrived in the graph cannot be looked up now: %s", str(error).strip())
                    connection.close()
                    time.sleep(pause := min(pause * 2, TROUBLE_SECONDS))
        finally:
            connection.close()
            with self._lock:
                # Whatever went wrong: who waits next starts another.
                if self._thread is threading.current_thread():
                    self._thread = None

    def _needed(self) -> bool:
        """Whether anybody waits; where nobody does, this thread is the one no longer: in one step, so that whoever
        comes now starts another."""
        with self._lock:
            if not self._waiters:
                self._thread = None
            return bool(self._waiters)

    def _serve(self) -> None:
        """Look for those who wait until nobody has for a while."""
        with closing(direct.connect("watch")) as session:
            direct.listen(session, projection.CHANNEL)
            pause, until = BUSY_SECONDS, time.monotonic() + LINGER_SECONDS
            while time.monotonic() < until:
                if self._look():
                    until = time.monotonic() + LINGER_SECONDS
                pause = BUSY_SECONDS if direct.wait(session, pause) else min(pause * 2, IDLE_SECONDS)

    def _look(self) -> bool:
        """One look for all; whether anybody waits."""
        with self._lock:
            waiters = list(self._waiters)
        if waiters:
            found = look(frozenset().union(*(waiter.wants for waiter in waiters)))
            for waiter in waiters:
                waiter.tell(found)
        return bool(waiters)


def _sit_out(waiter: Waiter, deadline: float, abandoned: Callable[[], bool]) -> None:
    while not waiter.settled.is_set() and (left := deadline - time.monotonic()) > 0 and not abandoned():
        waiter.settled.wait(min(TICK_SECONDS, left))


_watch: Watch | None = None
_lock = threading.Lock()


def shared() -> Watch:
    """That of this process. Half of the web server's threads may wait: the others always answer."""
    global _watch
    with _lock:
        if _watch is None:
            _watch = Watch(environment.integer("WEB_THREADS") // 2)
        return _watch
