"""Looks after a running system: what ends by itself is started again, after a pause that grows."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.engines import EngineError
from desktop.errors import Stopped
from desktop.preflight import MARK
from desktop.startup import ended

if TYPE_CHECKING:
    from desktop.engines import Engine
    from desktop.process import Process
    from desktop.supervisor import System

LOOK_EVERY = 0.2
SECONDS_TO_END = 2.0
LONGEST_PAUSE = 30.0
# Whoever ran this long is taken for well again: its next pause is short.
WELL_AFTER = 60.0


class Pauses:
    """How long to wait before the next start of each: 0.5 s, doubled up to 30 s."""

    def __init__(self) -> None:
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def plan(self, name: str, seconds_alive: float, now: float) -> float:
        """Something ended after so many seconds; the pause before it is due again."""
        last = 0.0 if seconds_alive > WELL_AFTER else self._pauses.get(name, 0.0)
        self._pauses[name] = min(LONGEST_PAUSE, max(0.5, last * 2))
        self._due[name] = now + self._pauses[name]
        return self._pauses[name]

    def planned(self, name: str) -> bool:
        """Whether a start of it is to come."""
        return name in self._due

    def due(self, name: str, now: float) -> bool:
        """Whether its time has come; then it counts as started."""
        if self._due.get(name, now + 1) > now:
            return False
        del self._due[name]
        return True


class Care:
    """The thread that looks after the processes and engines of a system, from its start to its stop."""

    def __init__(self, system: "System") -> None:
        self._system = system
        self._thread: threading.Thread | None = None
        self._pauses = Pauses()
        self._engine_starts: dict[str, float] = {}
        self._restarts: dict[str, threading.Thread] = {}

    def start(self) -> None:
        """Begins to look."""
        self._thread = threading.Thread(target=self._look, name="care", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Waits for the thread to end, which it does when the system's `stopping` is set and its engines stopped."""
        if self._thread is not None:
            self._thread.join(SECONDS_TO_END)

    def _look(self) -> None:
        while not self._system.stopping.wait(LOOK_EVERY):
            if not (self._system.data / MARK).exists():
                self._system.notice(f"Somebody has removed {self._system.data}: stopping.")
                self._system.stopping.set()
                return
            try:
                self._look_at_all()
            except Stopped:
                return
            except OSError as error:
                self._cannot(error)

    def _look_at_all(self) -> None:
        for engine in self._system.room.engines:
            self._engine(engine)
        for process in self._system.processes.values():
            self._process(process)

    def _process(self, process: "Process") -> None:
        if not process.running and self._due(process.name, process.seconds, lambda: ended(process)):
            process.close()
            self._system.start_process(process)
            self._system.notice(f"{process.name} is started again")

    def _engine(self, engine: "Engine") -> None:
        under_way = self._restarts.get(engine.name)
        if self._system.room.alive(engine) or (under_way and under_way.is_alive()):
            return
        alive = time.monotonic() - self._engine_starts.get(engine.name, 0.0)
        if not self._due(engine.name, alive, lambda: f"{engine.name} ended, its log is {engine.log}"):
            return
        self._engine_starts[engine.name] = time.monotonic()
        # Beside the others: it may take half a minute, and whoever ends meanwhile must not wait for that.
        thread = threading.Thread(target=self._restart, args=(engine,), name=f"restart {engine.name}", daemon=True)
        self._restarts[engine.name] = thread
        thread.start()

    def _restart(self, engine: "Engine") -> None:
        try:
            # Whatever is left of it (PostgreSQL's children, a lock file) is its own to clear away.
            engine.stop()
            self._system.start_engine(engine)
        except Stopped:
            return
        except EngineError as error:
            self._system.notice(str(error))
        except OSError as error:
            self._cannot(error)

    def _cannot(self, error: OSError) -> None:
        # A full disk, no more process ids: it may pass, and giving up would leave everything alone.
        self._system.notice(f"Cannot start it now: {error.strerror or error}.")

    def _due(self, name: str, seconds_alive: float, sentence: Callable[[], str]) -> bool:
        """Whether what has ended is to be started now. When its end is news, says so and plans the start."""
        now = time.monotonic()
        if not self._pauses.planned(name):
            pause = self._pauses.plan(name, seconds_alive, now)
            self._system.notice(f"{sentence()}\nIt is started again in {pause:.1f} s.")
        return self._pauses.due(name, now)
