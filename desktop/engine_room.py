"""The engines of a system: started beside each other, stopped together, whatever state each of them is in."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from desktop import leftovers, runfiles
from desktop.engines import Engine, Neo4j
from desktop.errors import Stopped

# Which variable leads to an engine.
PROVIDED = {
    "PostgreSQL": "DATABASE_URL",
    "Apache Kafka": "KAFKA_BOOTSTRAP_SERVERS",
    "Tansu": "KAFKA_BOOTSTRAP_SERVERS",
    "ArcadeDB": "NEO4J_BOLT_URL",
    "Neo4j": "NEO4J_BOLT_URL",
}


class EngineRoom:
    """Engines and what is known of those that run."""

    def __init__(self, data: Path, stopping: threading.Event) -> None:
        self._data, self._stopping = data, stopping
        self._turn = threading.Lock()
        self._starting = 0
        self.engines: list[Engine] = []
        self.running: dict[str, dict[str, object]] = {}

    def providers(self, variable: str) -> tuple[str, ...]:
        """The names of those that a variable's value comes from; none where the user gave it."""
        return tuple(engine.name for engine in self.engines if PROVIDED[engine.name] == variable)

    def environment(self) -> dict[str, str]:
        """The variables of those that have an address: before its start an engine has none."""
        return {name: value for engine in self.engines if engine.port for name, value in engine.environment().items()}

    def start(self, engine: Engine) -> str:
        """Starts one and returns the sentence about it. Raises EngineError, and Stopped when that was asked."""
        with self._turn:
            if self._stopping.is_set():
                raise Stopped
            self._starting += 1
        try:
            engine.start()
            version, process = engine.version(), runfiles.identify(engine.pid or 0)
        finally:
            with self._turn:
                self._starting -= 1
        browser = engine.http_port if isinstance(engine, Neo4j) else None
        told = {"version": version, "port": engine.port, "browser": browser, **(asdict(process) if process else {})}
        with self._turn:
            self.running = {**self.running, engine.name: told}
        return f"{engine.name} {version} is ready on port {engine.port}"

    def stop(self, deadline: float) -> None:
        """Stops all, and by force what is left at `deadline` (monotonic clock). `stopping` is set by then."""
        _together((engine.stop for engine in self.engines), deadline)
        # A start that began just before may not have seen it: it is told again until it has ended.
        while self._starting and time.monotonic() < deadline:
            time.sleep(0.05)
            _together((engine.stop for engine in self.engines), deadline)
        leftovers.end_engines(self._data)
        runfiles.end(filter(None, map(runfiles.identity, self.running.values())), patience=0)

    def alive(self, engine: Engine) -> bool:
        """Whether the process that was started last still runs. Not asked of its run file: when somebody removes the
        data folder it runs on all the same, and a second one beside it would not be the last."""
        return runfiles.identity(self.running.get(engine.name, {})) is not None


def _together(calls: Iterable[Callable[[], None]], deadline: float) -> None:
    """Makes calls side by side, and waits for them at most until `deadline`."""
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
