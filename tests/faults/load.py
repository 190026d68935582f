"""Commands all the time, while something breaks."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.ledger import Ledger
from tests.support.waiting import until

THREADS = 3
# Enough to be at work all the time; the account at the end goes through everything that was done.
PACE_SECONDS = 0.05


class Load:
    """Some threads, each with people of its own: they join, get other names, become friends and part."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._over = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(seed,), daemon=True) for seed in range(THREADS)]

    def _run(self, seed: int) -> None:
        try:
            self._work(random.Random(seed))
        except BaseException as error:  # noqa: BLE001 -- raised again in the test's own thread
            self._errors.append(error)

    def _work(self, chance: random.Random) -> None:
        people, friends = self.ledger.people(4), set[tuple[int, int]]()
        while not self._over.wait(PACE_SECONDS):
            one, other = sorted(chance.sample(people, 2))
            if chance.random() < 0.3:
                self.ledger.rename(one, f"King {chance.random()}")
            elif (one, other) in friends:
                self.ledger.unfriend(one, other)
                friends.remove((one, other))
            else:
                self.ledger.befriend(one, other)
                friends.add((one, other))

    def until_answered(self, more: int) -> None:
        """Wait until so many more commands were answered with success."""
        goal = self.ledger.answered + more
        until(lambda: bool(self._errors) or self.ledger.answered >= goal)
        self.check()

    def check(self) -> None:
        """Raises what a thread has raised."""
        for error in self._errors:
            raise error

    @contextmanager
    def going(self) -> Iterator["Load"]:
        """The load goes on while the block runs; every command is answered when it has ended."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(timeout=120)
        assert not any(thread.is_alive() for thread in self._threads)
        self.check()
