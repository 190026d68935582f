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
from typing import Protocol, Self

from desktop import environments, keys, leftovers, preflight, runfiles, scraping, startup
from desktop.bootstrap import BASE
from desktop.care import Care
from desktop.engine_room import EngineRoom
from desktop.engines import Engine, create
from desktop.errors import DesktopError, Stopped
from desktop.preparation import Preparation
from desktop.process import Process, end_all
from desktop.services import SERVICES, Ports, Service

# A stop is promised within 10 s (30 s with the full engines); the engines get what the services leave of it.
SECONDS_TO_STOP = {"light": 9.0, "full": 28.0}
# First the door, so that nobody waits for what is going; then who answers; then who passes on; last the registry,
# for the others leave it in order. With it, how many seconds each group is given.
STOP_ORDER: tuple[tuple[Callable[[str], bool], float], ...] = (
    (lambda name: name == "gateway-web", 1.5),
    (lambda name: name.endswith("-web") and name != "registry-web", 2.0),
    (lambda name: not name.endswith("-web"), 2.5),
    (lambda name: name == "registry-web", 1.0),
)
Notice = Callable[[str], None]


class Startable(Protocol):
    """A process that has not been started, or has ended."""

    def start(self) -> None:
        """Starts it."""


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
        self.processes: dict[str, Process] = {}
        self.stopping = threading.Event()
        self.room = EngineRoom(self.data, self.stopping)
        self._care = Care(self)
        self.preparations: dict[str, Preparation] = {}
        self.metrics_ports: dict[str, int] = {}
        self._held = ExitStack()
        self._turn = threading.Lock()
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
        given = {name: self.given[name] for name in environments.ENGINE_VARIABLES if self.given.get(name)}
        shared = {
            "SECRET_KEY": self.given.get("SECRET_KEY") or keys.kept(self.data / "secret-key", size=50),
            "WEB_WORKERS": environments.web_workers(self.given),
        }
        return environments.of_service(
            service, ports=self.ports, engines=given | self.room.environment(), shared=shared, run=self.run
        )

    @property
    def metrics(self) -> dict[str, str]:
        """Where the metrics of each process are, as `host:port` by its name."""
        return scraping.addresses(self.ports, self.metrics_ports)

    def log(self, name: str) -> str:
        """All that a process (`users-relay`) has written."""
        return (self.logs / f"{name}.log").read_text(errors="replace")

    # -- start -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts everything, and returns when all of it is healthy behind the gateway.

        Raises DesktopError, with a sentence for the user, and Stopped; then nothing is left running.
        """
        try:
            preflight.claim(self.data)
            # Whoever does not get the lock must not touch what the holder runs, not even to clean up.
            self._held.enter_context(preflight.locked(self.data))
            try:
                self._start()
            except BaseException:
                self.stop()
                raise
        except OSError as error:
            raise DesktopError(preflight.system_error(error, self.data)) from error

    def _start(self) -> None:
        leftovers.end(self.data, self.notice)
        preflight.check_disk(self.data)
        preflight.check_ports(self.ports)
        self.metrics_ports = scraping.choose(self.data / "metrics")
        scraping.write(self.data / "metrics", self.metrics)
        self._describe()
        self.room.engines = create(
            self.kind, self.data / "engines", ports=self.ports.engines(), notice=self.notice, environment=self.given
        )
        self._build()
        startup.plan(self).run()
        self._ready = True
        self._describe()
        self.notice("Everything is healthy behind the gateway, every worker is at work")
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
            "engines": self.room.running,
            "metrics": self.metrics,
        }
        with self._turn:
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

    def _of_process(self, service: Service, name: str) -> dict[str, str]:
        return self._whole(service) | {"METRICS_PORT": str(self.metrics_ports.get(name, 0))}

    def write_environments(self) -> None:
        """Writes down what each service's processes have, for the management commands that people run."""
        for service in SERVICES:
            runfiles.write(self.run / f"{service.name}.env.json", dict(self.environment(service)))

    def _process(self, service: Service, process: str) -> Process:
        name = f"{service.name}-{process}"
        return Process(
            name,
            _command(service, process),
            partial(self._of_process, service, name),
            log=self.logs / f"{name}.log",
            runfile=self.run / "processes" / f"{name}.json",
            heartbeat=None if process == "web" else self.run / service.name / f"{process}.heartbeat",
        )

    def start_engine(self, engine: Engine) -> None:
        """Starts an engine, writes it down, and says so."""
        told = self.room.start(engine)
        self._describe()
        self.notice(told)

    def start_process(self, process: Startable) -> None:
        """Starts a process, unless somebody has asked to stop: after stop() nothing may come up any more."""
        with self._turn:
            if self.stopping.is_set():
                raise Stopped
            process.start()

    # -- stop --------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stops everything that start() started: the gateway, the services, their workers, the engines."""
        with self._turn:
            # Nothing is half started then, and nothing is started afterwards.
            self.stopping.set()
        deadline = time.monotonic() + SECONDS_TO_STOP[self.kind]
        for preparation in self.preparations.values():
            preparation.end()
        for names, seconds in STOP_ORDER:
            chosen = [process for name, process in self.processes.items() if names(name)]
            end_all(chosen, deadline=min(deadline, time.monotonic() + seconds))
        self.room.stop(deadline)
        self._care.end()
        (self.run / "system.json").unlink(missing_ok=True)
        self._held.close()

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
