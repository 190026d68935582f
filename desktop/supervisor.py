"""The whole system on this machine: started in order, looked after, stopped the other way round.

`System` is what `./manage.py up` runs, and what tests run beside it on free ports:

    with System(folder, ports=Ports.free()) as system:
        requests to system.urls["gateway"]; system.processes["users-relay"].kill(); system.log("users-relay")
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from desktop import environments, keys, leftovers, preflight, runfiles, startup
from desktop.bootstrap import BASE
from desktop.care import Care
from desktop.engines import Engine, create
from desktop.errors import DesktopError
from desktop.preparation import Preparation
from desktop.process import Process, end_all
from desktop.services import SERVICES, Ports, Service

# A stop is promised within 10 s (30 s with the full engines); the engines get what the services leave of it.
SECONDS_TO_STOP = {"light": 9.0, "full": 28.0}
# Which variable leads to an engine.
PROVIDED = {
    "PostgreSQL": "DATABASE_URL",
    "Apache Kafka": "KAFKA_BOOTSTRAP_SERVERS",
    "Tansu": "KAFKA_BOOTSTRAP_SERVERS",
    "ArcadeDB": "NEO4J_BOLT_URL",
    "Neo4j": "NEO4J_BOLT_URL",
}
# First the door, so that nobody waits for what is going; then who answers; then who passes on; last the registry,
# for the others leave it in order. With it, how many seconds each group is given.
STOP_ORDER: tuple[tuple[Callable[[str], bool], float], ...] = (
    (lambda name: name == "gateway-web", 1.5),
    (lambda name: name.endswith("-web") and name != "registry-web", 2.0),
    (lambda name: not name.endswith("-web"), 2.5),
    (lambda name: name == "registry-web", 1.0),
)
Notice = Callable[[str], None]


def silent(text: str) -> None:
    """Progress that nobody wants to see."""


class System:
    """Engines and services of one data folder."""

    def __init__(
        self,
        data: Path,
        *,
        ports: Ports | None = None,
        engines: str = "light",
        environment: Mapping[str, str] | None = None,
        notice: Notice = silent,
    ) -> None:
        self.data, self.ports, self.kind, self.notice = data.resolve(), ports or Ports(), engines, notice
        self.run, self.logs = self.data / "run", self.data / "logs"
        self.given = dict(os.environ) | dict(environment or {})
        self.engines: list[Engine] = []
        self.processes: dict[str, Process] = {}
        self.stopping = threading.Event()
        self._care = Care(self)
        self.preparations: dict[str, Preparation] = {}
        self._held = ExitStack()
        self._turn = threading.Lock()
        self._running: dict[str, dict[str, object]] = {}
        self._since, self._ready = time.time(), False

    # -- what it is made of ------------------------------------------------------------------------------------

    @property
    def urls(self) -> dict[str, str]:
        """Where each service answers."""
        return {service.name: self.ports.url(service) for service in SERVICES}

    @property
    def password(self) -> str:
        """The password of the admin's user `admin`."""
        return keys.kept(self.data / "admin-password", size=12)

    def environment(self, service: Service) -> dict[str, str]:
        """The variables that the service's processes and its management commands need."""
        found = {name: self.given[name] for name in environments.ENGINE_VARIABLES if self.given.get(name)}
        for engine in self.engines:
            # Before its start an engine has no address, and nobody is started who needs it.
            found |= engine.environment() if engine.port else {}
        shared = {
            "SECRET_KEY": self.given.get("SECRET_KEY") or keys.kept(self.data / "secret-key", size=50),
            "WEB_WORKERS": environments.web_workers(self.given),
        }
        return environments.of_service(service, ports=self.ports, engines=found, shared=shared, run=self.run)

    def log(self, name: str) -> str:
        """All that a process (`users-relay`) has written."""
        return (self.logs / f"{name}.log").read_text(errors="replace")

    # -- start -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts everything, and returns when all of it is healthy behind the gateway.

        Raises DesktopError, with a sentence for the user, and Stopped; then nothing is left running.
        """
        try:
            self._start()
        except OSError as error:
            self.stop()
            raise DesktopError(f"{error.strerror or error}: {error.filename or self.data}.") from error
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        preflight.claim(self.data)
        self._held.enter_context(preflight.locked(self.data))
        leftovers.end(self.data, self.notice)
        preflight.check_disk(self.data)
        preflight.check_ports(self.ports)
        self._describe()
        self.engines = create(
            self.kind, self.data / "engines", ports=self.ports.engines(), notice=self.notice, environment=self.given
        )
        self._build()
        startup.plan(self).run()
        with self._turn:
            self._ready = True
            self._describe()
        self._care.start()

    def _describe(self) -> None:
        """Writes down whose system this is and what it is made of; `status` reads it in another process."""
        own = runfiles.identify(os.getpid())
        description = {
            **(asdict(own) if own else {}),
            "since": self._since,
            "ready": self._ready,
            "kind": self.kind,
            "ports": asdict(self.ports),
            "engines": self._running,
        }
        runfiles.write(self.run / "system.json", description)

    def _build(self) -> None:
        """All processes, not yet started, and what their services' management commands need."""
        for service in SERVICES:
            (self.run / service.name).mkdir(exist_ok=True)
            for process in service.processes:
                self.processes[f"{service.name}-{process}"] = self._process(service, process)
            if service.database:
                self.preparations[service.name] = Preparation(
                    service.name, partial(self._preparing, service), self.logs / f"{service.name}-prepare.log"
                )

    def _preparing(self, service: Service) -> Mapping[str, str]:
        return self._whole(service) | {"ADMIN_PASSWORD": self.password}

    def _whole(self, service: Service) -> dict[str, str]:
        return environments.whole(self.environment(service), self.given)

    def write_environments(self) -> None:
        """Writes down what each service's processes have, for the management commands that people run."""
        for service in SERVICES:
            runfiles.write(self.run / f"{service.name}.env.json", dict(self.environment(service)))

    def _process(self, service: Service, process: str) -> Process:
        name = f"{service.name}-{process}"
        return Process(
            name,
            _command(service, process),
            partial(self._whole, service),
            log=self.logs / f"{name}.log",
            runfile=self.run / "processes" / f"{name}.json",
            heartbeat=None if process == "web" else self.run / service.name / f"{process}.heartbeat",
        )

    def providers(self, variable: str) -> tuple[str, ...]:
        """The engines of this system that a variable's value comes from; none where it was given."""
        return tuple(engine.name for engine in self.engines if PROVIDED[engine.name] == variable)

    def start_engine(self, engine: Engine) -> None:
        """Starts an engine and says so."""
        engine.start()
        version = engine.version()
        process = runfiles.identify(engine.pid or 0)
        told = {"version": version, "port": engine.port, **(asdict(process) if process else {})}
        with self._turn:
            self._running[engine.name] = told
            self._describe()
        self.notice(f"{engine.name} {version} is ready on port {engine.port}")

    # -- stop --------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stops everything that start() started: the gateway, the services, their workers, the engines."""
        self.stopping.set()
        self._care.end()
        deadline = time.monotonic() + SECONDS_TO_STOP[self.kind]
        for preparation in self.preparations.values():
            preparation.end()
        for names, seconds in STOP_ORDER:
            chosen = [process for name, process in self.processes.items() if names(name)]
            end_all(chosen, deadline=min(deadline, time.monotonic() + seconds))
        self._stop_engines(deadline)
        (self.run / "system.json").unlink(missing_ok=True)
        self._held.close()

    def _stop_engines(self, deadline: float) -> None:
        threads = [threading.Thread(target=engine.stop, daemon=True) for engine in self.engines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        leftovers.end_engines(self.data)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _command(service: Service, process: str) -> Sequence[str]:
    """How a process of a service is started."""
    if process == "web":
        application = f"{service.name}.{service.protocol}"
        return [sys.executable, "-m", "gunicorn", "-c", str(BASE / "service" / "gunicorn.py"), application]
    return [sys.executable, str(BASE / "manage.py"), service.name, process]
