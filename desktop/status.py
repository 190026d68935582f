"""What runs, read from the run files and asked of the services: any process can know, not only the supervisor."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop import health, runfiles
from desktop.process import FRESH_SECONDS
from desktop.services import GATEWAY, SERVICES, Ports, Service

UP, DOWN, STARTING = "UP", "DOWN", "STARTING"
# An event is published within a moment; one that waits so long waits for something.
OLD_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessStatus:
    """A process of a service; `pid` is None where it does not run, `fresh` says that its loop goes round.

    `metrics` is where its metrics are: `host:port`, path `/actuator/prometheus`.
    """

    pid: int | None
    fresh: bool
    metrics: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceStatus:
    """A service: its own address, what its health says, its processes by name, and what somebody should look at."""

    url: str
    state: str
    processes: dict[str, ProcessStatus]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineStatus:
    """An engine that the system brought; `pid` is None where it does not run, `browser` the port of its web pages."""

    version: str
    port: int | None
    browser: int | None
    pid: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """A system, as it is now."""

    data: Path
    state: str
    supervisor: int | None
    kind: str
    since: float | None
    gateway: str
    services: dict[str, ServiceStatus]
    engines: dict[str, EngineStatus]


def of(data: Path) -> Status:
    """The state of the system of a data folder. Asks every service, at the same time, for two seconds at most."""
    run = data / "run"
    description = runfiles.read(run / "system.json") or {}
    supervisor = runfiles.recall(run / "system.json")
    ports = Ports(**description.get("ports", {}))
    metrics = description.get("metrics", {})
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        services = dict(pool.map(lambda service: (service.name, _service(run, ports, metrics, service)), SERVICES))
    return Status(
        data=data,
        state=_overall(supervisor, bool(description.get("ready")), services),
        supervisor=supervisor.pid if supervisor else None,
        kind=str(description.get("kind", "")),
        since=description.get("since"),
        gateway=ports.url(GATEWAY),
        services=services,
        engines={name: _engine(told) for name, told in description.get("engines", {}).items()},
    )


def _overall(supervisor: runfiles.Identity | None, ready: bool, services: dict[str, ServiceStatus]) -> str:
    if supervisor is None:
        return DOWN
    if not ready:
        return STARTING
    return UP if all(service.state == UP for service in services.values()) else DOWN


def _service(run: Path, ports: Ports, metrics: dict[str, str], service: Service) -> ServiceStatus:
    processes = {
        process: _process(run, service.name, process, metrics.get(f"{service.name}-{process}", ""))
        for process in service.processes
    }
    whole = all(process.pid and process.fresh for process in processes.values())
    # Where none of ours runs, whoever answers on the port is somebody else.
    up = whole and health.healthy(ports.url(service))
    told = notes(health.details(ports.url(service))) if whole and service.database else ()
    return ServiceStatus(url=ports.url(service), state=UP if up else DOWN, processes=processes, notes=told)


def notes(document: dict[str, Any]) -> tuple[str, ...]:
    """What in the details of a service's health somebody should look at, as a few words each."""
    told = [f"{name} is down: {check['why']}" for name, check in document.get("checks", {}).items() if "why" in check]
    found = document.get("details", {})
    parked = sum(letters.get("parkedKeys", 0) for letters in _sections(found.get("deadLetters")))
    outbox, projector = found.get("outbox") or {}, found.get("projector") or {}
    if parked:
        told.append(f"{parked} parked keys")
    if outbox.get("oldestUnpublishedSeconds", 0) > OLD_SECONDS:
        told.append(f"{outbox['unpublished']} unpublished, for {outbox['oldestUnpublishedSeconds']:.0f} s")
    if projector.get("behindEvents", 0):
        told.append(f"{projector['behindEvents']} events not in the graph yet")
    if found.get("pendingMigrations"):
        told.append("migrations are not applied")
    return tuple(told)


def _sections(value: Any) -> list[dict[str, Any]]:
    """The members of an object that are objects themselves; what could not be told is a text instead."""
    return [one for one in value.values() if isinstance(one, dict)] if isinstance(value, dict) else []


def _process(run: Path, service: str, process: str, metrics: str) -> ProcessStatus:
    identity = runfiles.recall(run / "processes" / f"{service}-{process}.json")
    return ProcessStatus(
        pid=identity.pid if identity else None,
        fresh=process == "web" or _fresh(run / service / f"{process}.heartbeat"),
        metrics=metrics,
    )


def _fresh(heartbeat: Path) -> bool:
    try:
        return time.time() - heartbeat.stat().st_mtime < FRESH_SECONDS
    except FileNotFoundError:
        return False


def _engine(told: dict[str, Any]) -> EngineStatus:
    identity = runfiles.identity(told)
    return EngineStatus(
        version=told["version"], port=told["port"], browser=told["browser"], pid=identity.pid if identity else None
    )
