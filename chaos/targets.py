"""Who can be hit, whether it has work in flight, and how it is hit."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

import psutil
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from chaos.backlog import Backlog, Unseen
from chaos.load import Load
from chaos.plan import ANEW, KILL, PAUSE, RESTART, WORKER, Hit
from chaos.standbys import SUFFIX
from desktop.bootstrap import BASE
from desktop.engines import Engine
from desktop.engines.postgresql import PostgreSQL
from desktop.services import SERVICES
from desktop.supervisor import System

# After its start, before it is hit again: it must have come to do something.
SECONDS_WELL = {"process": 8.0, "engine": 12.0}
# Whoever carries the graph: while it is away, the projector has nothing that it could do.
GRAPHS, PROJECTOR = frozenset({"Neo4j", "ArcadeDB"}), "recommendations-project"
OWNERS = {"topic user": "users", "topic friend": "friends"}
TOPIC_SECONDS = 60.0


class Failed(Exception):
    """A hit could not be carried out."""


class Targets:
    """Processes and engines of a system, by their names."""

    def __init__(self, system: System, load: Load, backlog: Backlog) -> None:
        self._system, self._load, self._backlog = system, load, backlog
        self._last_away: dict[str, float] = {}

    @property
    def engines(self) -> dict[str, Engine]:
        """The engines that the system brought."""
        return {engine.name: engine for engine in self._system.room.engines}

    # -- who is well -------------------------------------------------------------------------------------------

    def away(self) -> list[str]:
        """Those that do not run."""
        engines = [name for name, engine in self.engines.items() if not self._system.room.alive(engine)]
        self._last_away |= dict.fromkeys(engines, time.monotonic())
        return engines + [name for name, process in self._system.processes.items() if not process.running]

    def ready(self, hit: Hit) -> bool:
        """Whether the target has been at work long enough to be hit."""
        if hit.how == ANEW:
            return not self.away()
        if hit.target in self.engines:
            if self.engines.keys() & self.away():
                return False
            return time.monotonic() - self._last_away.get(hit.target, 0.0) > SECONDS_WELL["engine"]
        if hit.target.removesuffix(SUFFIX) == PROJECTOR and GRAPHS & set(self.away()):
            return False
        process = self._system.processes[hit.target]
        return process.running and process.fresh and process.seconds > SECONDS_WELL["process"]

    # -- work in flight ----------------------------------------------------------------------------------------

    def work(self, target: str) -> int:
        """How much the target has in flight now; 0 where that cannot be said."""
        try:
            return max(0, self._looks()[target.removesuffix(SUFFIX)]())
        except Unseen:
            return 0

    def _looks(self) -> Mapping[str, Callable[[], int]]:
        load, backlog = self._load, self._backlog
        found: dict[str, Callable[[], int]] = {
            f"{service.name}-web": partial(load.in_flight, service.name) for service in SERVICES
        }
        commands = lambda: load.in_flight("users") + load.in_flight("friends")  # noqa: E731 -- one of a table
        broker = lambda: sum(map(backlog.unpublished, ("users", "friends"))) + backlog.unlogged()  # noqa: E731
        return found | {
            "gateway-web": load.in_flight,
            "users-relay": partial(backlog.unpublished, "users"),
            "friends-relay": partial(backlog.unpublished, "friends"),
            "friends-consume": backlog.unknown,
            "recommendations-consume": backlog.unlogged,
            PROJECTOR: backlog.unprojected,
            "PostgreSQL": commands,
            "Apache Kafka": broker,
            "Tansu": broker,
            "Neo4j": backlog.unprojected,
            "ArcadeDB": backlog.unprojected,
        }

    # -- hitting -----------------------------------------------------------------------------------------------

    def strike(self, hit: Hit) -> None:
        """Carry a hit out. Raises Failed."""
        if hit.how == ANEW:
            self._make_anew(hit.target)
        elif hit.target in self.engines:
            self._strike_engine(hit)
        elif hit.how == KILL:
            self._system.processes[hit.target].kill()
        elif hit.how == WORKER:
            self._kill_worker(hit.target)
        elif hit.how == PAUSE:
            self._pause(self._system.processes[hit.target].pid, hit.paused, os.killpg)

    def _strike_engine(self, hit: Hit) -> None:
        engine = self.engines[hit.target]
        pid = engine.pid
        if pid is None:
            raise Failed(f"{hit.target} does not run")
        if hit.how == PAUSE:
            self._pause(pid, hit.paused, os.kill)
            return
        self._last_away[hit.target] = time.monotonic()
        stop = signal.SIGINT if isinstance(engine, PostgreSQL) else signal.SIGTERM
        os.kill(pid, stop if hit.how == RESTART else signal.SIGKILL)

    def _kill_worker(self, name: str) -> None:
        workers = psutil.Process(self._system.processes[name].pid).children()
        if not workers:
            raise Failed(f"{name} has no worker")
        workers[0].kill()

    def _pause(self, pid: int, seconds: float, send: Callable[[int, int], None]) -> None:
        try:
            send(pid, signal.SIGSTOP)
            time.sleep(seconds)
            send(pid, signal.SIGCONT)
        except ProcessLookupError as error:
            raise Failed(f"process {pid} ended meanwhile") from error

    def _make_anew(self, target: str) -> None:
        """Delete a topic, and have its owner's command make it again."""
        owner = next(service for service in SERVICES if service.name == OWNERS[target])
        environment = os.environ | dict(self._system.environment(owner))
        try:
            client = KafkaAdminClient(
                bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"], bootstrap_timeout_ms=5_000
            )
            try:
                client.delete_topics([target.removeprefix("topic ")])
            finally:
                client.close()
        except KafkaError as error:
            raise Failed(f"Kafka does not delete {target}: {error}") from error
        self._have_made(owner.name, environment)

    def _have_made(self, service: str, environment: dict[str, str]) -> None:
        command = [sys.executable, str(BASE / "manage.py"), service, "topics"]
        deadline = time.monotonic() + TOPIC_SECONDS
        while True:
            done = subprocess.run(command, env=environment, cwd=BASE, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return
            if time.monotonic() > deadline:
                raise Failed(f"the topic cannot be made again: {done.stderr.strip()[-300:]}")
            time.sleep(1.0)
