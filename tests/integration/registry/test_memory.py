"""A registry that loses its database tells what it last knew and that it is old, refuses changes, and comes back."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client as DjangoClient

from registry import eviction, memory, queries
from registry.memory import Memory
from registry.models import Lease, Pulse
from registry.sources import DATABASE, Known
from service.eureka import Instance, RegistryClient, RegistryError
from service.problems import Problem
from tests.integration.registry.leases import body, pass_time, register
from tests.integration.registry.process import database, running
from tests.support.client import Client
from tests.support.waiting import eventually, until

JSON = {"Accept": "application/json"}
PATHS = ("apps", "apps/delta", "apps/ORDERS", "apps/ORDERS/one", "instances/one", "vips/orders", "svips/orders")
ME = Instance(app="ORDERS", instance_id="one", host="127.0.0.1", port=8080)


class Wire:
    """Stands between a registry and PostgreSQL, and can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._target, self.whole = (host, port), True
        self._open: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                if not self.whole:
                    client.close()
                    continue
                server = socket.create_connection(self._target)
                self._open |= {client, server}
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """End all connections, and take no more."""
        self.whole = False
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Take connections again."""
        self.whole = True

    def close(self) -> None:
        """End."""
        self.cut()
        self._server.close()
        for one in self._open:
            one.close()


@pytest.fixture
def wire(transactional_db: None) -> Iterator[Wire]:
    found = connection.settings_dict
    with closing(Wire(found["HOST"], int(found["PORT"]))) as opened:
        yield opened


@pytest.fixture
def replica(wire: Wire, tmp_path: Path) -> Iterator[Client]:
    """A registry that reaches its database through the wire."""
    found = connection.settings_dict
    url = database().replace(f"{found['HOST']}:{found['PORT']}", f"127.0.0.1:{wire.port}")
    with running(tmp_path, url) as started:
        yield Client(started)
    Lease.objects.all().delete()


def learned(replica: Client) -> None:
    """It has been told of a lease, and remembers it: a round of its own has ended that began later."""
    sent = body(vipAddress="orders", secureVipAddress="orders", leaseInfo={"durationInSecs": 300})
    assert replica.post("/eureka/apps/ORDERS", sent).status == 204
    assert replica.get("/eureka/apps", JSON).headers["X-Registry-Stale"] is None
    for _ in range(2):
        until(partial(other_pulse, pulse()))


def pulse() -> datetime | None:
    """The last one."""
    return Pulse.objects.values_list("at", flat=True).first()


def other_pulse(before: datetime | None) -> bool:
    """Whether the registry, the only one, has begun another round."""
    return pulse() != before


def stale(replica: Client) -> None:
    """It has noticed that its database is away, and knows the lease."""
    answer = replica.get("/eureka/apps/ORDERS/one", JSON)
    assert (answer.status, bool(answer.headers["X-Registry-Stale"])) == (200, True)


def healthy_without(replica: Client) -> None:
    """It says that it is up, and that its database is away."""
    health = replica.get("/actuator/health")
    assert (health.status, health.json()["status"]) == (200, "UP")
    assert health.json().get("details", {}).get("database", {}).get("status") == "away"


def test_it_tells_what_it_last_knew_and_says_so(replica: Client, wire: Wire) -> None:
    learned(replica)
    before = {path: replica.get(f"/eureka/{path}", JSON).json() for path in PATHS}
    wire.cut()
    eventually(lambda: stale(replica))
    for path in PATHS:
        answer = replica.get(f"/eureka/{path}", JSON)
        assert (answer.status, answer.json()) == (200, before[path]), path
        assert int(answer.headers["X-Registry-Stale"]) >= 0
    assert replica.get("/eureka/apps", {"Accept": "application/xml"}).headers["X-Registry-Stale"]
    assert replica.get("/eureka/apps/NOBODY", JSON).status == 404
    eventually(lambda: healthy_without(replica))
    page = replica.get("/")
    assert (page.status, b"does not answer" in page.body, b"ORDERS" in page.body) == (200, True, True)


def test_it_refuses_changes_and_clients_turn_to_another(replica: Client, wire: Wire, tmp_path: Path) -> None:
    learned(replica)
    wire.cut()
    eventually(lambda: stale(replica))
    path = "/eureka/apps/ORDERS/one"
    for method, target in (("PUT", path), ("DELETE", path), ("PUT", f"{path}/status?value=DOWN")):
        answer = replica.request(method, target)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert replica.post("/eureka/apps/ORDERS", body()).status == 503
    with pytest.raises(RegistryError, match="503"):
        RegistryClient([replica.url]).renew(ME)
    (tmp_path / "other").mkdir()
    with running(tmp_path / "other", database()) as other:
        assert RegistryClient([replica.url, other]).renew(ME)
        # What the first one last knew is old by now.
        Lease.objects.update(status="DOWN")
        for urls in ([replica.url, other], [other, replica.url]):
            (found,) = RegistryClient(urls).fetch().instances["ORDERS"]
            assert found.status == "DOWN"
    alone = RegistryClient([replica.url]).fetch()
    assert ([one.status for one in alone.instances["ORDERS"]], alone.age > 0) == (["UP"], True)


def test_it_comes_back_and_nobody_is_gone_for_it(replica: Client, wire: Wire) -> None:
    learned(replica)
    wire.cut()
    eventually(lambda: stale(replica))
    # As if it had lasted for longer than the lease.
    pass_time(400)
    eviction_time_stood_still(400)
    wire.mend()

    def back() -> None:
        answer = replica.get("/eureka/apps/ORDERS/one", JSON)
        assert (answer.status, answer.headers["X-Registry-Stale"]) == (200, None)

    eventually(back)
    assert replica.request("PUT", "/eureka/apps/ORDERS/one").status == 200
    assert replica.get("/actuator/health").json() == {"status": "UP"}


def eviction_time_stood_still(seconds: float) -> None:
    """The pulse is that old."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pulse SET at = at - %s * interval '1 second'", [seconds])


@pytest.mark.django_db
def test_what_it_knows_is_what_the_database_would_say() -> None:
    register("ORDERS", "one", vipAddress="orders,x")
    register("ORDERS", "two", status="DOWN", vipAddress="orders")
    register("PEOPLE", "three", secureVipAddress="people")
    known = Known.read()
    assert queries.applications(known) == queries.applications()
    assert queries.delta(known) == queries.delta()
    assert queries.application("ORDERS", known) == queries.application("ORDERS")
    assert queries.find("ORDERS", "two", known) == queries.find("ORDERS", "two")
    assert queries.find("PEOPLE", "two", known) is None
    assert queries.find_by_id("three", known) == queries.find_by_id("three")
    assert queries.by_address("orders", source=known) == queries.by_address("orders")
    assert queries.by_address("people", secure=True, source=known) == queries.by_address("people", secure=True)
    assert list(known.latest()) == list(DATABASE.latest())


@pytest.mark.django_db
def test_it_remembers_every_change_with_the_next_round() -> None:
    found = Memory()
    for number in range(3):
        register(instance_id=f"i{number}")
        found.hear()
        assert found.known is not None
        assert len(found.known.leases()) == number + 1
    first = found.known
    found.hear()
    assert found.known is first


@pytest.mark.django_db
def test_a_database_that_hangs_is_away_too(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Memory()
    register()
    found.hear()
    found.require_database()
    monkeypatch.setattr(memory, "SILENCE_SECONDS", -1.0)
    with pytest.raises(Problem) as caught:
        found.require_database()
    assert caught.value.status == 503


def test_who_never_knew_anything_says_so() -> None:
    def fails(_: object) -> None:
        raise OperationalError("away")

    found = Memory()
    with pytest.raises(OperationalError):
        found.ask(fails)
    found.lose()
    with pytest.raises(Problem) as caught:
        found.ask(fails)
    assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "1"})


@pytest.mark.django_db
def test_the_first_request_to_fail_is_answered_from_memory_already() -> None:
    calls: list[object] = []

    def once(source: object) -> str:
        calls.append(source)
        if source is DATABASE:
            raise OperationalError("away")
        return "known"

    found = Memory()
    register()
    found.hear()
    answer, age = found.ask(once)
    assert (answer, age is not None, found.lost) == ("known", True, False)
    assert calls == [DATABASE, found.known]


@pytest.mark.django_db(transaction=True)
def test_a_round_of_the_evictor_loses_and_finds_the_database(
    monkeypatch: pytest.MonkeyPatch, client: DjangoClient
) -> None:
    found = Memory()
    monkeypatch.setattr(eviction, "MEMORY", found)
    evictor = eviction.Evictor()
    register()
    evictor.step()
    assert found.known is not None

    def away() -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(eviction, "turn", away)
        evictor.step()
    assert found.lost
    evictor.step()
    assert not found.lost
