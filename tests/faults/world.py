"""The services' processes with databases and topics of their own, on the run's engines, which may be killed too."""

import os
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import neo4j
import psycopg2
from kafka import KafkaAdminClient

from desktop import databases
from desktop.engines import Engine, create
from tests.faults.processes import ROOT, Trapped
from tests.faults.steps import Command
from tests.support.client import Client
from tests.support.run.engines import FOLDER as ENGINES_FOLDER
from tests.support.system import empty_graph
from tests.support.waiting import eventually

SERVICES = ("users", "friends", "recommendations")
# By name: the table of the process's steps, its service, its command.
PROCESSES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "users-web": ("web", "users", ()),
    "friends-web": ("web", "friends", ()),
    "users-relay": ("relay", "users", ("relay",)),
    "friends-relay": ("relay", "friends", ("relay",)),
    "friends-consume": ("consume", "friends", ("consume",)),
    "recommendations-consume": ("consume", "recommendations", ("consume",)),
    "recommendations-project": ("project", "recommendations", ("project",)),
}


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])


class World:
    """Everything between two clients' commands and the graph; no gateway and no registry."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.mark = uuid4().hex[:8]
        self.prefix = f"faults-{self.mark}-"
        self.ports = {"users": free_port(), "friends": free_port()}
        # Streams that a test has put onto a topic out of order, by hand.
        self.shuffled: set[str] = set()
        self.processes: dict[str, Trapped] = {}
        self.data = Path(os.environ[ENGINES_FOLDER])
        self.postgresql, self.kafka, self.graph = create("full", self.data, environment={})

    def database(self, service: str) -> str:
        """The URL of a service's database."""
        server = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/faults_{self.mark}").geturl()
        return databases.named(server, service)

    def url(self, service: str) -> str:
        """Where a service answers."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def environment(self, service: str) -> dict[str, str]:
        """What a service's processes find."""
        return {
            **os.environ,
            "DATABASE_URL": self.database(service),
            "DATABASE_DIRECT_URL": "",
            "DJANGO_SETTINGS_MODULE": f"{service}.settings",
            "TOPIC_PREFIX": self.prefix,
            "HOST": "127.0.0.1",
            "PORT": str(self.ports.get(service, 0)),
            "REGISTRY_URL": "",
            "USER_SERVICE_URL": self.url("users"),
            "SECRET_KEY": "k" * 64,
            "WEB_THREADS": "4",
            "LOG_LEVEL": "INFO",
            "PYTHONUNBUFFERED": "1",
        }

    # -- processes ---------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Databases, topics, processes."""
        empty_graph(os.environ["NEO4J_BOLT_URL"])
        for service in SERVICES:
            databases.ensure(self.database(service))
        with ThreadPoolExecutor(len(SERVICES)) as pool:
            list(pool.map(lambda service: self.manage(service, "migrate", "-v0"), SERVICES))
        self.make_topics()
        for name, (kind, service, command) in PROCESSES.items():
            self.processes[name] = Trapped(name, kind, service, command, self.environment(service), self.home)
            self.processes[name].start()
        for service in self.ports:
            eventually(lambda service=service: Client(self.url(service)).get("/actuator/health"))  # type: ignore[misc]

    def make_topics(self) -> None:
        """As an operator makes them."""
        for service in ("users", "friends"):
            self.manage(service, "topics")

    def manage(self, service: str, *command: str) -> str:
        """Run a management command to its end; what it said. Fails the test where the command fails."""
        done = self.try_to_manage(service, *command)
        assert done.returncode == 0, f"{service} {' '.join(command)}: {done.stdout}"
        return done.stdout

    def try_to_manage(self, service: str, *command: str) -> "subprocess.CompletedProcess[str]":
        """The same, whatever its exit code."""
        return subprocess.run(
            [sys.executable, "-m", "django", *command],
            cwd=ROOT,
            env={**self.environment(service), "RUN_DIR": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @contextmanager
    def another(self, name: str, **changes: str) -> Iterator[Trapped]:
        """A second process of the same kind, while the block runs; with changes of its environment."""
        kind, service, command = PROCESSES[name]
        environment = self.environment(service) | changes
        made = Trapped(f"{name}-{uuid4().hex[:4]}", kind, service, command, environment, self.home)
        made.start()
        try:
            yield made
        finally:
            made.signal(signal.SIGCONT)
            made.kill()

    @contextmanager
    def command(self, step: Command) -> Iterator[Trapped]:
        """The step's command as a process, not yet started; ended with the block."""
        name = f"{step.service}-{step.command[0]}-{uuid4().hex[:4]}"
        made = Trapped(name, "command", step.service, step.command, self.environment(step.service), self.home)
        try:
            yield made
        finally:
            made.kill()

    def mend(self) -> None:
        """Whatever a test has killed runs again."""
        for process in self.processes.values():
            if not process.running:
                process.restart()

    def end(self) -> None:
        """Stop everything, and take the databases away."""
        with ThreadPoolExecutor(len(PROCESSES)) as pool:
            list(pool.map(Trapped.kill, self.processes.values()))
        for service in SERVICES:
            name = urlsplit(self.database(service)).path.lstrip("/")
            run_sql(os.environ["DATABASE_URL"], f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        with warnings.catch_warnings():
            # An engine that was started here goes on for the suites after this one: the run stops it.
            warnings.simplefilter("ignore", ResourceWarning)
            del self.postgresql, self.kafka, self.graph

    # -- stores ------------------------------------------------------------------------------------------------

    def sql(self, service: str, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """The rows of one statement in a service's database."""
        return run_sql(self.database(service), statement, values)

    def cypher(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of one statement in the graph, which may write."""
        parts = urlsplit(os.environ["NEO4J_BOLT_URL"])
        address = f"{parts.scheme}://{parts.hostname}:{parts.port}"
        login = (parts.username or "", parts.password or "")

        def work(transaction: neo4j.ManagedTransaction) -> list[dict[str, Any]]:
            return [dict(row) for row in transaction.run(statement, parameters)]

        with neo4j.GraphDatabase.driver(address, auth=login) as driver, driver.session() as session:
            return session.execute_write(work)


def run_sql(url: str, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
    """The rows of one statement, committed. Raises psycopg2.Error."""
    with closing(psycopg2.connect(url, connect_timeout=5)) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


def committed(world: World, group: str) -> int:
    """The sum of a consumer group's committed offsets."""
    servers = world.environment("users")["KAFKA_BOOTSTRAP_SERVERS"]
    with closing(KafkaAdminClient(bootstrap_servers=servers)) as client:
        offsets = client.list_group_offsets({world.prefix + group: None})[world.prefix + group]
        return sum(max(0, entry.offset) for entry in offsets.values())


def reached(world: World) -> int:
    """How many events of the log the graph's checkpoints stand behind."""
    return int(world.cypher("MATCH (c:Checkpoint) RETURN coalesce(sum(c.position), 0) AS reached")[0]["reached"])


def kill(engine: Engine) -> None:
    """SIGKILL to an engine's process, as a crash of the machine would end it."""
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
