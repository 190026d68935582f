"""Backup and restore as the how-to says: three dumps are everything, what Kafka and the graph have is made again."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kafka import KafkaAdminClient

from desktop.bootstrap import BASE
from desktop.engines.postgresql import installed
from desktop.services import SERVICES
from desktop.supervisor import System
from tests.support.network import Network
from tests.support.system import empty_graph, stopped
from tests.support.waiting import eventually

# The order of the dumps: what follows from another one's events first.
DUMPED = ("recommendations", "friends", "users")
TOPICS = ("user", "friend")


def variables(system: System, name: str) -> Mapping[str, str]:
    """A service's environment."""
    service = next(one for one in SERVICES if one.name == name)
    return {**os.environ, **system.given, **system.environment(service), "SOCIAL_NETWORK_READY": "1"}


def database(system: System, name: str) -> str:
    """The address of a service's database."""
    given = variables(system, name)
    return given["DATABASE_DIRECT_URL"] or given["DATABASE_URL"]


def run(*command: str, environment: Mapping[str, str] | None = None) -> str:
    """What a command says; it must end well."""
    done = subprocess.run(
        command, env=environment, cwd=BASE, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{command[:2]}: {done.stdout}{done.stderr}"
    return done.stdout


def postgresql(program: str, *arguments: str) -> str:
    """One of PostgreSQL's own programs."""
    return run(str(installed() / "bin" / program), *arguments)


def manage(system: System, service: str, *command: str) -> str:
    """A service's management command."""
    return run(sys.executable, "manage.py", service, *command, environment=variables(system, service))


def dump(system: System, folder: Path) -> None:
    """A file of each database, while the system serves."""
    for name in DUMPED:
        postgresql("pg_dump", "--format=custom", f"--file={folder / name}.dump", database(system, name))


def restore(system: System, folder: Path) -> None:
    """Each database made anew from its file."""
    for name in DUMPED:
        url = database(system, name)
        base = urlsplit(url).path.lstrip("/")
        maintenance = urlsplit(url)._replace(path="/postgres").geturl()
        for statement in (f'DROP DATABASE "{base}" WITH (FORCE)', f'CREATE DATABASE "{base}"'):
            postgresql("psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--command={statement}", maintenance)
        postgresql("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}", str(folder / f"{name}.dump"))


def make_the_rest_anew(system: System) -> None:
    """Kafka's topics and the graph: neither has anything that the databases lack."""
    given = variables(system, "users")
    with closing(KafkaAdminClient(bootstrap_servers=given["KAFKA_BOOTSTRAP_SERVERS"].split(","))) as client:
        client.delete_topics([given["TOPIC_PREFIX"] + topic for topic in TOPICS])
    empty_graph(variables(system, "recommendations")["NEO4J_BOLT_URL"])
    # Kafka deletes a topic a moment later than it says.
    for name in ("users", "friends"):
        eventually(lambda name=name: manage(system, name, "topics"), within=60, every=1)  # type: ignore[misc]


def test_three_dumps_bring_everything_back(
    system: System, network: Network, tmp_path: Path, everything: bool
) -> None:
    if not everything:
        pytest.skip("dumps and restores every database: make test-all")
    one, two, three, four = network.people(4)
    network.befriend_all([(one, two), (two, three), (two, four)])
    network.unfriend(two, four)
    network.rename(three, "Zuleika", "Dobson")
    network.until_recommended(one, [(three, 1)])
    dump(system, tmp_path)
    late = network.create()["id"]
    network.befriend(late, one)
    network.until_recommended(late, [(two, 1)])
    with stopped(system, *(name for name in system.processes if name.split("-")[0] in DUMPED)):
        restore(system, tmp_path)
        make_the_rest_anew(system)
    assert network.read(three)["firstName"] == "Zuleika"
    assert network.friends(two) == [one, three]
    network.until_recommended(one, [(three, 1)], within=60)
    assert network.client.get(f"/user/v1/users/{late}").status == 404
    # It goes on from there: new events reach both sides.
    new = network.create()["id"]
    network.befriend(new, three)
    network.until_recommended(new, [(two, 1)], within=60)
    for name in DUMPED:
        manage(system, name, "verify", "--topics")
