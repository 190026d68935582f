"""Instances come and go, and so do registries; and what the gateway tells of itself."""

import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.contract import shapes
from tests.integration.gateway.conftest import learned
from tests.integration.gateway.process import Gateway, running
from tests.integration.gateway.servers import Loop, Registry, Talk, echo
from tests.support.waiting import eventually

# Nobody listens here: the port is reserved, and asks for a privilege.
NOWHERE = "http://127.0.0.1:1"


def ok(gateway: Gateway, path: str = "/user/x") -> None:
    """Raises where the path does not lead to an instance."""
    assert gateway.client.get(path).status == 200


def test_an_instance_that_is_listed_gets_requests_one_that_is_not_does_not(
    gateway: Gateway, registry: Registry, loop: Loop
) -> None:
    old, new = loop.serve(echo), loop.serve(echo)
    registry.list("USER-SERVICE", old)
    learned(registry)
    ok(gateway)
    registry.list("USER-SERVICE", new)
    learned(registry)
    before = len(old.requests)
    for _ in range(5):
        ok(gateway)
    assert (len(old.requests), len(new.requests)) == (before, 5)


def test_requests_are_shared_by_all_instances(gateway: Gateway, registry: Registry, loop: Loop) -> None:
    servers = [loop.serve(echo) for _ in range(3)]
    registry.list("USER-SERVICE", *servers)
    learned(registry)
    for _ in range(60):
        ok(gateway)
    assert min(len(server.requests) for server in servers) > 0


def test_a_busy_instance_is_passed_by(gateway: Gateway, registry: Registry, loop: Loop) -> None:
    async def busy(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await talk.until_left()

    streaming, server = loop.serve(busy), loop.serve(echo)
    registry.list("USER-SERVICE", streaming)
    learned(registry)
    with gateway.connect() as connection:
        connection.sendall(b"GET /user/stream HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        registry.list("USER-SERVICE", streaming, server)
        learned(registry)
        for _ in range(20):
            ok(gateway)
    assert (len(streaming.requests), len(server.requests)) == (1, 20)


def test_what_the_registry_last_said_holds_while_it_is_away(gateway: Gateway, registry: Registry, loop: Loop) -> None:
    server, later = loop.serve(echo), loop.serve(echo)
    registry.list("USER-SERVICE", server)
    learned(registry)
    for broken in (b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n[]"):
        registry.broken = broken
        learned(registry)
        ok(gateway)
    registry.broken = None
    registry.stop()
    for _ in range(5):
        ok(gateway)
    gateway.healthy()
    registry.list("USER-SERVICE", later)
    registry.start()
    eventually(lambda: _reached(gateway, later.requests))


def test_an_answer_that_breaks_the_reader_is_not_the_last_one(loop: Loop, tmp_path: Path) -> None:
    """Brackets in brackets: Python's reader gives up with an exception that is no ValueError."""
    registry, server = Registry(loop), loop.serve(echo)
    registry.list("USER-SERVICE", server)
    deep = b"[" * 100_000
    registry.broken = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(deep) + deep
    with running(tmp_path, registry.url) as gateway:
        learned(registry)
        registry.broken = None
        eventually(gateway.healthy)
        ok(gateway)


def _reached(gateway: Gateway, requests: Sequence[object]) -> None:
    ok(gateway)
    assert requests


def test_before_the_first_answer_it_is_down_and_a_request_waits(loop: Loop, tmp_path: Path) -> None:
    server, registry = loop.serve(echo), Registry(loop)
    registry.list("USER-SERVICE", server)
    registry.broken = b""
    with running(tmp_path, registry.url) as gateway:
        down = gateway.client.get("/actuator/health")
        assert (down.status, down.json()) == (503, {"status": "DOWN"})
        assert gateway.client.get("/user/x").status == 503
        statuses: list[int] = []
        waiting = threading.Thread(target=lambda: statuses.append(gateway.client.get("/user/x").status))
        waiting.start()
        registry.broken = None
        waiting.join(15)
        assert statuses == [200]
        eventually(gateway.healthy)


def test_of_several_registries_one_is_enough(loop: Loop, tmp_path: Path) -> None:
    server, registry = loop.serve(echo), Registry(loop)
    registry.list("USER-SERVICE", server)
    with running(tmp_path, f"{NOWHERE}, {registry.url}") as gateway:
        eventually(lambda: ok(gateway))


def test_without_a_registry_the_environment_says_where_services_are(loop: Loop, tmp_path: Path) -> None:
    urls = {f"{name}_SERVICE_URL": f"http://127.0.0.1:{loop.serve(echo).port}" for name in ("USER", "FRIEND")} | {
        "RECOMMENDATION_SERVICE_URL": NOWHERE
    }
    with running(tmp_path, "", **urls) as gateway:
        gateway.healthy()
        ok(gateway, "/user/x")
        ok(gateway, "/friend/x")
        assert gateway.client.get("/recommendation/x").status == 503


def test_it_registers_itself_and_leaves_at_its_end(loop: Loop, tmp_path: Path) -> None:
    registry = Registry(loop)
    with running(tmp_path, registry.url) as gateway:
        eventually(lambda: _registered(registry))
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(15) == 0
    left = f"DELETE /eureka/apps/EDGE-SERVICE/127.0.0.1:gateway:{gateway.port} HTTP/1.1"
    assert registry.leases[-1] == left


def _registered(registry: Registry) -> None:
    assert "POST /eureka/apps/EDGE-SERVICE HTTP/1.1" in registry.leases


def test_health_is_exactly_what_clients_poll_for(gateway: Gateway) -> None:
    answer = gateway.client.get("/actuator/health")
    assert (answer.status, answer.body, answer.content_type) == (200, b'{"status":"UP"}', "application/json")


def test_routes_are_told_as_spring_tells_them(gateway: Gateway) -> None:
    answer = gateway.client.get("/actuator/gateway/routes")
    shapes.routes(answer.json())
    user = answer.json()[0]
    assert (user["route_id"], user["uri"], user["order"]) == ("user-service", "lb://USER-SERVICE", 0)
    assert "/user/**" in user["predicate"]
    assert "/user/**" in str(user["predicates"])
    assert "StripPrefix" in user["filters"][0]


@pytest.mark.parametrize("path", ["/actuator/prometheus", "/actuator/env", "/admin/", "/static/x"])
def test_nothing_else_of_the_inside_is_told(gateway: Gateway, path: str) -> None:
    assert gateway.client.get(path).status == 404
