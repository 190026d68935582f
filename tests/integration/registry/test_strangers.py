"""Clients that nobody here wrote, against the real process: py-eureka-client registers, renews, finds, and leaves."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from registry.models import Lease
from tests.integration.registry.leases import body
from tests.integration.registry.process import BASE, database, running
from tests.support.client import Client
from tests.support.waiting import eventually

JSON = {"Accept": "application/json"}


class Stranger:
    """A process with py-eureka-client."""

    def __init__(self, process: "subprocess.Popen[str]", app: str, port: int) -> None:
        self._process = process
        self.instance_id = f"127.0.0.1:{app.lower()}:{port}"

    def say(self, word: str) -> Any:
        """Tell it a word; what it answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def leave(self) -> None:
        """Have it leave, and wait until it has."""
        self._process.communicate("leave\n", timeout=60)

    def until_seen(self, *expected: list[Any]) -> None:
        """Wait until it sees exactly these instances."""

        def check() -> None:
            assert self.say("show") == list(expected)

        eventually(check)


@contextmanager
def stranger(registry: str, app: str, port: int, looks_at: str) -> Iterator[Stranger]:
    """One that runs until the block ends."""
    module = "tests.integration.registry.stranger"
    process = subprocess.Popen(
        [sys.executable, "-m", module, registry, app, str(port), looks_at],
        cwd=BASE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Stranger(process, app, port)
    finally:
        process.kill()
        process.communicate()


def lease(instance_id: str) -> Lease:
    """Waits until it is there."""

    def check() -> Lease:
        found = Lease.objects.filter(instance_id=instance_id).first()
        assert found is not None
        return found

    return eventually(check)


def test_a_service_with_py_eureka_client_registers_renews_is_found_and_leaves(registry: str) -> None:
    with (
        stranger(registry, "orders-py", 4711, looks_at="ORDERS-PY") as orders,
        stranger(registry, "shop-py", 4712, looks_at="ORDERS-PY") as shop,
    ):
        registered = lease(orders.instance_id)
        assert (registered.app, registered.status, registered.lease_seconds) == ("ORDERS-PY", "UP", 15)
        shop.until_seen([orders.instance_id, "UP", 4711, "<blue>"])

        def renewed() -> None:
            assert lease(orders.instance_id).renewed_at > registered.renewed_at

        eventually(renewed)
        orders.say("away")
        shop.until_seen([orders.instance_id, "OUT_OF_SERVICE", 4711, "<blue>"])
        orders.leave()
        assert not Lease.objects.filter(instance_id=orders.instance_id).exists()
        shop.until_seen()


def test_a_service_with_py_eureka_client_registers_again_when_it_was_forgotten(registry: str) -> None:
    with stranger(registry, "orders-py", 4711, looks_at="ORDERS-PY") as orders:
        lease(orders.instance_id)
        Lease.objects.all().delete()
        assert lease(orders.instance_id).status == "UP"


def test_a_service_with_py_eureka_client_sees_one_instance_take_anothers_place(registry: str) -> None:
    client = Client(registry)
    with stranger(registry, "shop-py", 4712, looks_at="ORDERS") as shop:
        lease(shop.instance_id)
        assert client.post("/eureka/apps/ORDERS", body(instance_id="old")).status == 204
        shop.until_seen(["old", "UP", 8080, None])
        assert client.request("DELETE", "/eureka/apps/ORDERS/old").status == 200
        assert client.post("/eureka/apps/ORDERS", body(instance_id="new")).status == 204
        shop.until_seen(["new", "UP", 8080, None])


def test_what_one_replica_was_told_the_other_knows(registry: str, tmp_path: Path) -> None:
    with running(tmp_path, database()) as second:
        _replicas_agree(Client(registry), Client(second))


def _replicas_agree(one: Client, other: Client) -> None:
    assert one.post("/eureka/apps/ORDERS", body()).status == 204
    found = other.get("/eureka/apps/ORDERS/one", JSON).json()["instance"]
    assert (found["instanceId"], found["port"]["$"]) == ("one", 8080)
    assert other.request("PUT", "/eureka/apps/ORDERS/one").status == 200
    assert other.request("DELETE", "/eureka/apps/ORDERS/one").status == 200
    assert one.get("/eureka/apps/ORDERS/one", JSON).status == 404


def test_the_process_evicts_by_itself(registry: str) -> None:
    client = Client(registry)
    sent = body(leaseInfo={"durationInSecs": 1})
    assert client.post("/eureka/apps/ORDERS", sent).status == 204

    def evicted() -> None:
        assert not Lease.objects.exists()

    eventually(evicted)
    (application,) = client.get("/eureka/apps/delta", JSON).json()["applications"]["application"]
    assert application["instance"][0]["actionType"] == "DELETED"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_registration_may_come_in_chunks(registry: str, chunked: bool) -> None:
    sent = json.dumps(body()).encode()
    connection = http.client.HTTPConnection(registry.removeprefix("http://"), timeout=30)
    pieces: Any = iter([sent[:10], sent[10:]]) if chunked else sent
    connection.request(
        "POST", "/eureka/apps/ORDERS", pieces, {"Content-Type": "application/json"}, encode_chunked=chunked
    )
    assert connection.getresponse().status == 204
    connection.close()
