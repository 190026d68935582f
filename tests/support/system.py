"""A whole system for one suite: on free ports, in databases and topics of its own, on the run's engines."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import neo4j

from desktop import health
from desktop.services import SERVICES, Ports
from desktop.supervisor import System
from tests.support.client import Client
from tests.support.run.engines import VARIABLES
from tests.support.waiting import eventually

# What `tests/run.py` says about the engines that it started; elsewhere a system brings its own.
ENGINES = "TEST_ENGINES"
# A hanging instance is given up sooner than in production, so that a test of it takes seconds.
GATEWAY_TIMEOUT_SECONDS = "3"


def _on_the_runs_engines(mark: str) -> dict[str, str]:
    """The engines' addresses, with databases that no other suite has."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/test_{mark}").geturl()
    return {"DATABASE_URL": database, "DATABASE_DIRECT_URL": ""}


def _environment() -> dict[str, str]:
    mark = uuid4().hex[:8]
    shared = os.environ.get(ENGINES) in {"light", "full"}
    engines = _on_the_runs_engines(mark) if shared else dict.fromkeys(VARIABLES, "")
    return {
        **engines,
        "TOPIC_PREFIX": f"test-{mark}-",
        "GATEWAY_TIMEOUT_SECONDS": GATEWAY_TIMEOUT_SECONDS,
        "SECRET_KEY": uuid4().hex * 2,
    }


def empty_graph(url: str) -> None:
    """Delete every node: a graph database is one for all suites, and their user ids begin at 1 anew."""
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.hostname}:{parts.port}"
    with (
        neo4j.GraphDatabase.driver(address, auth=(parts.username or "", parts.password or "")) as driver,
        driver.session() as session,
    ):
        session.execute_write(lambda transaction: transaction.run("MATCH (n) DETACH DELETE n").consume())


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[System]:
    """A system that is healthy behind its gateway, its services with these variables besides; everything that it
    started is stopped at the end."""
    kind = os.environ.get(ENGINES, "light")
    if kind in {"light", "full"} and os.environ.get("NEO4J_BOLT_URL"):
        empty_graph(os.environ["NEO4J_BOLT_URL"])
    with System(folder, ports=Ports.free(), engines=kind, environment=_environment() | variables) as system:
        yield system


def address(system: System, variable: str) -> str:
    """Where an engine of the system is: the value that its services have for `variable`."""
    return next(process for process in system.processes.values()).environment[variable]


def until_healthy(system: System, *names: str) -> None:
    """Wait until the services are registered and say UP, behind the gateway where they have a prefix there."""
    for service in SERVICES:
        if service.name in names:
            _until_registered(system, service.name)
            _until_up(system.urls["gateway"] + service.prefix if service.prefix else system.urls[service.name])


def _until_registered(system: System, name: str) -> None:
    """Wait until the registry has the service. For a moment the gateway may still go by an older answer: one that was
    evicted and has begun to listen again then says UP through it, and is unknown with the gateway's next look."""
    path = f"/eureka/instances/127.0.0.1:{name}:{urlsplit(system.urls[name]).port}"

    def check() -> None:
        assert Client(system.urls["registry"]).get(path).status == 200, path

    if name != "registry":
        eventually(check, within=60)


def _until_up(url: str) -> None:
    def check() -> None:
        assert health.healthy(url), url

    eventually(check, within=60)


def _until_refused(system: System, name: str) -> None:
    """Wait until nobody listens on a killed web server's port: its workers end a moment after their master, and a
    connection that one of them takes with it was not refused."""
    service, _, process = name.partition("-")
    if process != "web":
        return
    address = ("127.0.0.1", urlsplit(system.urls[service]).port)

    def check() -> None:
        with suppress(ConnectionError), socket.create_connection(address, timeout=5):
            raise AssertionError(f"somebody still listens for {service}")

    eventually(check)


@contextmanager
def stopped(system: System, *names: str) -> Iterator[None]:
    """The processes killed (`users-web`) and kept from being started again until the end of the block."""
    whole = system.processes
    chosen = [whole[name] for name in names]
    # A new dictionary: whoever looks after the system may be going through the old one.
    system.processes = {name: process for name, process in whole.items() if name not in names}
    try:
        for process in chosen:
            process.kill()
        for name in names:
            _until_refused(system, name)
        yield
    finally:
        for process in chosen:
            process.close()
            process.start()
        system.processes = whole
        until_healthy(system, *{name.partition("-")[0] for name in names})


@contextmanager
def frozen(system: System, *names: str) -> Iterator[None]:
    """The processes and their children stopped as by SIGSTOP: there, but answering nothing."""
    groups = [system.processes[name].pid for name in names]
    try:
        for group in groups:
            os.killpg(group, signal.SIGSTOP)
        yield
    finally:
        for group in groups:
            os.killpg(group, signal.SIGCONT)
        until_healthy(system, *{name.partition("-")[0] for name in names})
