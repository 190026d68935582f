"""Lanes: suites run beside each other, each lane one suite at a time on engines of its own.

A suite waits more than it computes: for a takeover, a broker's start, a page of a feed. Two suites that share nothing
(processes, engines, folders, ports) use the time that one alone lets pass.
"""

import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.run import engines, processes
from tests.support.run.suites import Suite
from tests.support.run.workplace import end_systems

Say = Callable[[str], None]


class Queue:
    """The suites that nobody has begun, handed out in their order, to the threads of all lanes."""

    def __init__(self, suites: Iterable[Suite]) -> None:
        self._suites = deque(suites)
        self._lock = threading.Lock()

    def take(self) -> Suite | None:
        """The next suite; None where there is no more."""
        with self._lock:
            return self._suites.popleft() if self._suites else None

    def close(self) -> None:
        """Hand out no more."""
        with self._lock:
            self._suites.clear()


@dataclass(kw_only=True)
class Outcome:
    """What came of all lanes so far. `problems`: sentences about the run itself."""

    results: list[processes.Result] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class Lane(threading.Thread):
    """Takes one suite after another. Engines stay up until a suite needs another kind, or the queue is empty."""

    def __init__(self, folder: Path, queue: Queue, outcome: Outcome, say: Say, how: processes.How) -> None:
        super().__init__(name=f"lane {folder.name}")
        self._folder, self._queue, self._outcome, self._say = folder, queue, outcome, say
        self._how = how
        self._kind = "none"
        self._running = engines.Running()
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the suite that runs, and begin no other."""
        self._stopping.set()

    def run(self) -> None:
        """Work until nothing is left. What keeps this lane from it becomes a problem of the run, and ends it."""
        try:
            with ExitStack() as stack:
                while not self._stopping.is_set() and (suite := self._queue.take()):
                    self._have(suite.engines, stack)
                    self._suite(suite)
        except engines.EngineError as error:
            self._give_up(str(error))
        except Exception as error:  # noqa: BLE001 -- shown whole, and the summary must still come and say "failed"
            traceback.print_exc()
            self._give_up(f"{type(error).__name__}: {error}")

    def _give_up(self, problem: str) -> None:
        self._outcome.problems.append(problem)
        self._queue.close()

    def _have(self, kind: str, stack: ExitStack) -> None:
        """The engines of `kind` run. A suite without engines leaves those that are there: the next may need them."""
        if kind in ("none", self._kind):
            return
        stack.close()
        self._running = stack.enter_context(engines.started(kind, self._folder, self._say))
        self._kind = kind
        self._outcome.versions |= self._running.versions

    def _suite(self, suite: Suite) -> None:
        needed = self._running.environment if suite.engines != "none" else {}
        result = processes.run(suite, needed, self._folder, self._how, self._say, self._stopping)
        self._outcome.results.append(result)
        end_systems(self._folder, self._say)


def go(lanes: Sequence[Lane]) -> None:
    """Run the lanes to their end. KeyboardInterrupt ends their suites and engines first, and is raised again."""
    for lane in lanes:
        lane.start()
    try:
        for lane in lanes:
            lane.join()
    except KeyboardInterrupt:
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            lane.join()
        raise
