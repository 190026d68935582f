"""What goes to another instance when one fails, what does not, and for how long one that failed is passed over."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.integration.gateway.conftest import Behind
from tests.integration.gateway.process import Gateway, running
from tests.integration.gateway.servers import Behaviour, Loop, Registry, Server, Talk, echo

KEY = {"Idempotency-Key": "k-1"}
REPEATABLE: list[tuple[str, dict[str, str]]] = [
    *(("GET", {}), ("HEAD", {}), ("OPTIONS", {}), ("PUT", {}), ("DELETE", {})),
    *(("POST", KEY), ("PATCH", KEY)),
]


def answering(status: int) -> Behaviour:
    """Answers each request with this status."""

    async def behave(talk: Talk) -> None:
        while True:
            await talk.request()
            await talk.answer(b"failed", status, b"Retry-After: 7")

    return behave


def ending(with_: Callable[[Talk], Awaitable[None]]) -> Behaviour:
    """Reads a request, does this, and ends the connection."""

    async def behave(talk: Talk) -> None:
        await talk.request()
        await with_(talk)

    return behave


async def nothing(talk: Talk) -> None:
    """Closes."""


async def reset(talk: Talk) -> None:
    """Resets."""
    talk.reset()


async def half_a_head(talk: Talk) -> None:
    """Dies in the middle of a head."""
    await talk.say(b"HTTP/1.1 200 OK\r\nContent-Le")


async def a_head(talk: Talk) -> None:
    """Dies before the body."""
    await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")


FAILING = {
    **{str(status): answering(status) for status in (502, 503, 504)},
    **{one.__name__: ending(one) for one in (nothing, reset, half_a_head, a_head)},
}


def ask(gateway: Gateway, method: str, headers: dict[str, str]) -> int:
    """The answer's status."""
    return gateway.client.request(method, "/user/x", b"{}" if method not in {"GET", "HEAD"} else None, headers).status


def total(*servers: Server) -> int:
    """Requests that they got."""
    return sum(len(server.requests) for server in servers)


@pytest.fixture
def saved_up(gateway: Gateway, behind: Behind) -> None:
    """The budget that tests share has enough for one."""
    behind()
    for _ in range(15):
        assert ask(gateway, "POST", {}) == 503


@pytest.mark.usefixtures("saved_up")
@pytest.mark.parametrize(
    ("failing", "method", "headers"),
    [
        *((failing, *asked) for failing in FAILING.values() for asked in (REPEATABLE[0], REPEATABLE[-1])),
        *((FAILING["nothing"], *asked) for asked in REPEATABLE[1:-1]),
    ],
)
def test_what_may_be_repeated_goes_to_another_instance(
    gateway: Gateway, behind: Behind, failing: Behaviour, method: str, headers: dict[str, str]
) -> None:
    bad, good = behind(failing, echo)
    for _ in range(20):
        assert ask(gateway, method, headers) == 200
        if bad.requests:
            break
    assert bad.requests, "it never came to the one that fails"
    assert {request.body for request in (*bad.requests, *good.requests)} == {
        b"" if method in {"GET", "HEAD"} else b"{}"
    }


@pytest.mark.parametrize("failing", FAILING.values(), ids=FAILING)
def test_a_command_without_a_key_goes_to_one_instance_only(
    gateway: Gateway, behind: Behind, failing: Behaviour
) -> None:
    servers = behind(failing, failing)
    for number, method in enumerate(("POST", "PATCH"), 1):
        assert ask(gateway, method, {}) in {502, 503, 504}
        assert total(*servers) == number


@pytest.mark.parametrize("status", [500, 501, 400, 404, 409, 429])
def test_no_other_status_is_a_reason(gateway: Gateway, behind: Behind, status: int) -> None:
    servers = behind(answering(status), answering(status))
    assert ask(gateway, "GET", {}) == status
    assert total(*servers) == 1


@pytest.mark.usefixtures("saved_up")
def test_where_all_fail_the_last_answer_is_passed_on_and_none_was_asked_twice(
    gateway: Gateway, behind: Behind
) -> None:
    servers = behind(answering(503), answering(503))
    answer = gateway.client.get("/user/x")
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (503, b"failed", "7")
    assert [len(server.requests) for server in servers] == [1, 1]


@pytest.mark.usefixtures("saved_up")
def test_three_instances_at_most_carry_a_request(gateway: Gateway, behind: Behind) -> None:
    servers = behind(*[answering(503)] * 5)
    assert ask(gateway, "GET", {}) == 503
    assert total(*servers) == 3


@pytest.mark.usefixtures("saved_up")
def test_the_only_instance_is_not_asked_twice(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(answering(503))
    assert ask(gateway, "GET", {}) == 503
    assert len(server.requests) == 1


def test_one_that_fails_again_and_again_is_passed_over(gateway: Gateway, behind: Behind) -> None:
    bad, good = behind(answering(500), echo)
    for _ in range(60):
        ask(gateway, "GET", {})
    assert len(bad.requests) == 5, "what it failed in a row, until it was passed over"
    assert len(good.requests) == 55


def test_one_that_hangs_is_passed_over(gateway: Gateway, behind: Behind, loop: Loop) -> None:
    async def hang(talk: Talk) -> None:
        await talk.request()
        await talk.until_left()

    hanging, _ = behind(hang, echo)

    async def many() -> list[int]:
        return await asyncio.gather(*(asyncio.to_thread(ask, gateway, "GET", {}) for _ in range(16)))

    late = 0
    for _ in range(5):
        late += asyncio.run(many()).count(504)
        if late >= 5:
            break
    assert late == len(hanging.requests) >= 5
    assert {ask(gateway, "GET", {}) for _ in range(20)} == {200}


def test_all_that_fail_are_asked_all_the_same(gateway: Gateway, behind: Behind) -> None:
    servers = behind(answering(500), answering(500))
    for _ in range(40):
        assert ask(gateway, "GET", {}) == 500
    assert total(*servers) == 40


def test_the_budget_bounds_what_is_sent_again(loop: Loop, registry: Registry, tmp_path: Path) -> None:
    servers = [loop.serve(answering(503)) for _ in range(2)]
    registry.list("USER-SERVICE", *servers)
    with running(tmp_path, registry.url, METRICS_PORT="0") as gateway:
        for _ in range(100):
            assert ask(gateway, "POST", KEY) == 503
    again = total(*servers) - 100
    # A fifth of 100, three that are there at the begin, three for each second that it takes; 100 without a budget.
    assert 20 <= again <= 60
