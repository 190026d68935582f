"""The order in which the system comes up: what has to wait for what, everything else side by side.

A start of Django costs a second of a processor and an engine's start five, so the services' tables are made while
the broker and the graph still start, and web servers come up while topics are still being made.
"""

import signal
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from desktop import databases, health
from desktop.errors import DesktopError, Stopped
from desktop.process import Process
from desktop.services import DOMAIN, GATEWAY, REGISTRY, Service
from desktop.steps import Steps

if TYPE_CHECKING:
    from desktop.supervisor import System

SECONDS = 120.0
# Each process that starts takes a processor for a second: asking more often only delays it.
ASK_EVERY = 0.1


def plan(system: "System") -> Steps:
    """All steps from nothing to a system that is healthy behind its gateway."""
    steps = Steps(system.stopping)
    for engine in system.room.engines:
        steps.add(engine.name, partial(system.start_engine, engine))
    for service in (REGISTRY, *DOMAIN):
        _database(steps, system, service)
    for service in (REGISTRY, *DOMAIN, GATEWAY):
        after = [f"{service.name} tables" if service.database else "registry web"]
        after += system.room.providers("NEO4J_BOLT_URL") if service.graph else []
        steps.add(
            f"{service.name} web",
            partial(system.start_process, system.processes[f"{service.name}-web"]),
            after=tuple(after),
        )
    made = (*_topics_and_graph(steps, system), *(engine.name for engine in system.room.engines))
    steps.add("environment files", system.write_environments, after=made)
    workers = [f"{service.name}-{worker}" for service in DOMAIN for worker in service.workers]
    for name in workers:
        tables = f"{name.partition('-')[0]} tables"
        steps.add(name, partial(system.start_process, system.processes[name]), after=(tables, *made))
    for name in workers:
        steps.add(f"{name} at work", partial(_until_fresh, system, name), after=(name,))
    for service in (REGISTRY, *DOMAIN, GATEWAY):
        door = ("gateway web",) if service.prefix else ()
        waiting = partial(_until_healthy, system, service)
        steps.add(f"{service.name} healthy", waiting, after=(f"{service.name} web", *door))
    return steps


def _database(steps: Steps, system: "System", service: Service) -> None:
    """A service's database and its tables, made by a process that has loaded Django in the meantime."""
    preparation = system.preparations[service.name]
    server = system.room.providers("DATABASE_URL")
    steps.add(f"{service.name} loaded", partial(system.start_process, preparation), after=server)
    steps.add(f"{service.name} database", partial(_make_database, system, service), after=server)
    after = (f"{service.name} loaded", f"{service.name} database")
    steps.add(f"{service.name} tables", partial(preparation.step, "migrate"), after=after)


def _make_database(system: "System", service: Service) -> None:
    databases.ensure(system.environment(service)["DATABASE_URL"])


def _topics_and_graph(steps: Steps, system: "System") -> tuple[str, ...]:
    """What workers find made: every topic, for one service's consumer reads another's; and the graph's schema."""
    made = []
    for service in DOMAIN:
        preparation = system.preparations[service.name]
        step, variable = ("graph", "NEO4J_BOLT_URL") if service.graph else ("topics", "KAFKA_BOOTSTRAP_SERVERS")
        name = f"{service.name} {step}"
        after = (f"{service.name} tables", *system.room.providers(variable))
        steps.add(name, partial(preparation.step, step), after=after)
        steps.add(f"{service.name} prepared", preparation.end, after=(name,))
        made.append(name)
    steps.add("registry prepared", system.preparations["registry"].end, after=("registry tables",))
    return tuple(made)


def _until_healthy(system: "System", service: Service) -> None:
    """Waits until the service says UP: behind the gateway where it has a prefix there."""
    own, url = system.urls[service.name], system.urls["gateway"] + service.prefix
    behind = url if service.prefix else own

    def reached() -> bool:
        # The gateway is asked only when it can know the answer; until then it would warn of an unknown service.
        return health.healthy(own) and health.healthy(behind)

    _until(system, f"{service.name}-web", reached, f"{behind}/actuator/health does not say UP")
    system.notice(f"{service.name} is healthy")


def _until_fresh(system: "System", name: str) -> None:
    process = system.processes[name]
    _until(system, name, lambda: process.fresh, "its heartbeat did not come")


def _until(system: "System", name: str, reached: Callable[[], bool], otherwise: str) -> None:
    """Waits for a process to get somewhere. Raises DesktopError when it ends instead, or takes too long."""
    process = system.processes[name]
    deadline = time.monotonic() + SECONDS
    while not reached():
        if not process.running:
            raise DesktopError(ended(process))
        if time.monotonic() > deadline:
            raise DesktopError(f"{name} is not ready after {SECONDS:.0f} s: {otherwise}. Its log: {process.log}")
        if system.stopping.wait(ASK_EVERY):
            raise Stopped


def ended(process: Process) -> str:
    """The sentence about a process that ended by itself, with the last that it said."""
    said = process.tail()
    return f"{process.name} ended ({_how(process.exit_code)}). The end of {process.log}:\n{said or '(it is empty)'}"


def _how(code: int | None) -> str:
    return f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
