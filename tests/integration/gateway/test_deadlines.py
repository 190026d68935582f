"""Until when instances may answer, and what they are told of it. The shared gateway's own patience is a second."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.integration.gateway.conftest import Behind
from tests.integration.gateway.process import Gateway, running
from tests.integration.gateway.servers import Loop, Registry, Talk, echo
from tests.support.waiting import eventually


async def hang(talk: Talk) -> None:
    """Reads a request and says nothing."""
    await talk.request()
    await talk.until_left()


def told(gateway: Gateway, timeout: str | None = None) -> float:
    """In how many seconds an instance is told that the request's time is over."""
    headers = {"X-Request-Deadline": "1"} | ({} if timeout is None else {"X-Request-Timeout": timeout})
    answer = gateway.client.get("/user/x", headers)
    assert answer.status == 200
    found = [value for name, value in answer.json()["headers"] if name.startswith("x-request-")]
    (deadline,) = [value for value in found if value.isdigit() and len(value) == 13]
    assert "1" not in found, "what a client says of it is not passed on"
    return int(deadline) / 1000 - time.time()


def test_instances_are_told_the_moment(gateway: Gateway, behind: Behind) -> None:
    behind(echo)
    assert 0.0 < told(gateway) <= 1.0


def test_it_is_never_later_than_the_clients_own(gateway: Gateway, behind: Behind) -> None:
    behind(echo)
    assert told(gateway, "600m") <= 0.6
    assert told(gateway, "1H") <= 1.0


def test_a_client_that_waits_less_is_answered_sooner(loop: Loop, tmp_path: Path) -> None:
    server, registry = loop.serve(hang), Registry(loop)
    registry.list("USER-SERVICE", server)
    # The client gives up after 20 seconds, which is sooner than the gateway would by itself.
    with running(tmp_path, registry.url, GATEWAY_TIMEOUT_SECONDS="60") as found:
        assert found.client.get("/user/x", {"X-Request-Timeout": "100m"}).status == 504
        assert server.left.wait(10)


@pytest.mark.parametrize("timeout", ["0S", "1n"])
def test_no_time_at_all(gateway: Gateway, behind: Behind, timeout: str) -> None:
    behind(echo)
    assert gateway.client.get("/user/x", {"X-Request-Timeout": timeout}).status == 504


def test_clients_in_a_hurry_do_not_get_an_instance_passed_over(gateway: Gateway, behind: Behind) -> None:
    async def slow(talk: Talk) -> None:
        while True:
            await talk.request()
            await asyncio.sleep(0.2)
            await talk.answer(b"done")

    one, other = behind(slow, slow)
    for _ in range(16):
        assert gateway.client.get("/user/x", {"X-Request-Timeout": "20m"}).status == 504
    before = len(one.requests), len(other.requests)
    for _ in range(24):
        assert gateway.client.get("/user/x").status == 200
    assert len(one.requests) > before[0]
    assert len(other.requests) > before[1]


def test_a_timeout_that_is_none_is_refused(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(echo)
    answer = gateway.client.get("/user/x", {"X-Request-Timeout": "soon"})
    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert "X-Request-Timeout" in answer.json()["detail"]
    assert not server.requests


def test_each_route_can_have_its_own(loop: Loop, tmp_path: Path) -> None:
    registry = Registry(loop)
    registry.list("USER-SERVICE", loop.serve(hang))
    registry.list("FRIEND-SERVICE", loop.serve(hang))
    with running(
        tmp_path, registry.url, GATEWAY_TIMEOUT_SECONDS="60", GATEWAY_TIMEOUTS="friend-service=0.2"
    ) as found:
        assert found.client.get("/friend/x").status == 504


def test_waiting_for_room_is_within_the_deadline(loop: Loop, tmp_path: Path) -> None:
    registry = Registry(loop)
    registry.list("FRIEND-SERVICE", loop.serve(hang))
    with (
        running(tmp_path, registry.url, GATEWAY_TIMEOUT_SECONDS="4", GATEWAY_CONNECTIONS="1") as found,
        found.connect() as first,
    ):
        eventually(found.healthy)
        first.sendall(b"GET /friend/x HTTP/1.1\r\nHost: h\r\n\r\n")
        begun = time.monotonic()
        assert found.client.get("/friend/x").status in {503, 504}
        assert time.monotonic() - begun < 7.5, "what it waited in the queue is not given to it again"
