"""Somebody is deleted through the gateway, and proven to be gone from every store of the whole system."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from desktop.bootstrap import BASE, READY
from desktop.supervisor import System
from tests.support.network import Network, expect
from tests.support.system import stopped
from tests.support.waiting import eventually


def erased(system: System, user_id: int) -> "subprocess.CompletedProcess[str]":
    """The command as a person runs it, for the folder of this system's run files."""
    given = {**system.given, **json.loads((system.run / "users.env.json").read_text())}
    command = [sys.executable, str(BASE / "manage.py"), "users", "erased", str(user_id), "--run", str(system.run)]
    return subprocess.run(
        command, env={**os.environ, **given, READY: "1"}, capture_output=True, text=True, timeout=120, check=False
    )


def until_erased(system: System, user_id: int) -> str:
    """What the command says once it finds nothing any more."""

    def check() -> str:
        answer = erased(system, user_id)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    return eventually(check, within=90, every=1)


def logs(system: System) -> str:
    """All that every process and engine has written."""
    return "".join(path.read_text("utf-8", "replace") for path in system.logs.rglob("*.log"))


STORES = {
    "users": {"state", "events", "personal", "idempotency"},
    "friends": {"directory", "friendships", "erased_streams", "dead_letters"},
    "recommendations": {"log", "log_personal", "graph", "erased_streams", "dead_letters"},
}


def test_a_deleted_user_is_gone_from_every_store(system: System, network: Network) -> None:
    gone = network.create("Zuleika", "Dobson")["id"]
    friend, other, another = network.people(3)
    network.befriend_all([(gone, friend), (friend, other), (another, gone)])
    network.until_recommended(gone, [(other, 1)])
    network.until_recommended(other, [(gone, 1)])
    assert erased(system, gone).returncode == 1
    network.delete(gone)
    said = until_erased(system, gone)
    for service, stores in STORES.items():
        assert {line.split()[1].rstrip(":") for line in said.splitlines() if line.startswith(service)} >= stores
    assert "kafka topic" in said
    assert "FOUND" not in said
    network.until_recommended(other, [])
    assert network.friends(friend) == [other]
    assert network.friends(another) == []
    assert expect(network.client.get(f"/friend/v1/users/{gone}/friends"), 200) == []
    assert "Zuleika" not in logs(system)


def test_names_that_kafka_never_had_do_not_get_there(system: System, network: Network) -> None:
    """The relay was away while somebody came and went: the messages are sent, and have no names."""
    with stopped(system, "users-relay"):
        gone = network.create("Zuleika", "Dobson")["id"]
        network.rename(gone, "Zuleika", "Duchess")
        network.delete(gone)
        assert erased(system, gone).returncode == 1
    said = until_erased(system, gone)
    (kafka,) = [line for line in said.splitlines() if "kafka topic" in line]
    assert "3 messages" in kafka
    assert "awaits" not in kafka


@contextmanager
def hidden(system: System, name: str) -> Iterator[None]:
    """A service's environment is nowhere to be had."""
    file = system.run / f"{name}.env.json"
    content = file.read_bytes()
    file.unlink()
    try:
        yield
    finally:
        file.write_bytes(content)


def test_what_could_not_be_looked_into_is_said(system: System, network: Network) -> None:
    gone = network.create("Zuleika", "Dobson")["id"]
    network.delete(gone)
    until_erased(system, gone)
    with hidden(system, "friends"):
        answer = erased(system, gone)
    assert answer.returncode == 2
    assert f"./manage.py friends erased {gone}" in answer.stdout
