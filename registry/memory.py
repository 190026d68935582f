"""What this replica goes by while its database is away: reads get what it last knew, and changes are refused."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from registry.sources import DATABASE, Known, Source
from service.problems import Problem

T = TypeVar("T")
AWAY = (OperationalError, InterfaceError)
# What has not come back from the database for so long, though it is asked every second, hangs.
SILENCE_SECONDS = 5.0
# Leases that are only renewed do not change the version; their times are good enough so.
FRESH_SECONDS = 10.0


class Memory:
    """Of one process. The evictor tells it what it heard, requests ask it what to go by."""

    def __init__(self) -> None:
        self.known: Known | None = None
        self._failed = False
        self._heard_at = 0.0

    def hear(self) -> None:
        """The database answers: read what has changed. Raises where it does not answer any more."""
        known = self.known
        if known is None or known.age > FRESH_SECONDS or known.number != DATABASE.version():
            self.known = Known.read()
        self._failed, self._heard_at = False, time.monotonic()

    def lose(self) -> None:
        """The database does not answer."""
        self._failed = True

    @property
    def lost(self) -> bool:
        """Whether the database is away. Who was never told of one cannot tell."""
        silent = self.known is not None and time.monotonic() - self._heard_at > SILENCE_SECONDS
        return self._failed or silent

    def ask(self, query: Callable[[Source], T]) -> tuple[T, float | None]:
        """The query's answer; and how old it is, in seconds, where the database is away. Raises Problem 503 where
        nothing has ever been known."""
        if not self.lost:
            try:
                return query(DATABASE), None
            except AWAY:
                # Before the evictor has noticed.
                if self.known is None:
                    raise
        if self.known is None:
            raise away()
        return query(self.known), self.known.age

    def require_database(self) -> None:
        """Before a change: Raises Problem 503 where the database is known to be away, at once, so that the client
        turns to another replica."""
        if self.lost:
            raise away()


def away() -> Problem:
    """The answer to what cannot be done without a database."""
    return Problem(503, "The registry's database does not answer.", headers={"Retry-After": "1"})


MEMORY = Memory()
