"""A second relay, consumer and projector beside each of the desktop run's: without one nothing is taken over."""

import sys
from functools import partial

from desktop.bootstrap import BASE
from desktop.environments import whole
from desktop.process import Process
from desktop.services import DOMAIN, Service
from desktop.supervisor import System

SUFFIX = "-2"


def add(system: System) -> None:
    """Give a running system its standbys; its supervisor finds them not running, and starts them."""
    found = {
        process.name: process
        for service in DOMAIN
        for worker in service.workers
        for process in (_standby(system, service, worker),)
    }
    # A new dictionary: the supervisor may be going through the old one.
    system.processes = {**system.processes, **found}


def _standby(system: System, service: Service, worker: str) -> Process:
    name, run = f"{service.name}-{worker}{SUFFIX}", system.run / f"{service.name}{SUFFIX}"
    run.mkdir(exist_ok=True)
    return Process(
        name,
        [sys.executable, str(BASE / "manage.py"), service.name, worker],
        partial(_environment, system, service),
        log=system.logs / f"{name}.log",
        runfile=system.run / "processes" / f"{name}.json",
        heartbeat=run / f"{worker}.heartbeat",
    )


def _environment(system: System, service: Service) -> dict[str, str]:
    """The service's, with a folder of run files of its own."""
    found = whole(system.environment(service), system.given)
    return {**found, "RUN_DIR": str(system.run / f"{service.name}{SUFFIX}")}
