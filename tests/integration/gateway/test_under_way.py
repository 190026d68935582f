"""A command that is under way already is asked again in the client's place, and nothing else is."""

import asyncio
import json
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from service import problems
from tests.integration.gateway.conftest import Behind
from tests.integration.gateway.process import Gateway, response, running
from tests.integration.gateway.servers import Behaviour, Loop, Registry, Talk
from tests.support.client import Answer
from tests.support.waiting import eventually

KEY = {"Idempotency-Key": "k-1"}
KIND = b"Content-Type: application/problem+json"


def refusing(
    times: int = 10**6, *, kind: str = problems.COMMAND_IN_PROGRESS, after: str | None = "0", status: int = 409
) -> Behaviour:
    """Answers so many requests with such a problem, the others with what it has counted."""
    body = json.dumps({"type": kind, "status": status}).encode()
    fields = (KIND, *([b"Retry-After: " + after.encode()] if after is not None else []))

    async def behave(talk: Talk) -> None:
        while True:
            await talk.request()
            if len(talk.server.requests) <= times:
                await talk.answer(body, status, *fields)
            else:
                await talk.answer(b"done", 201)

    return behave


def ask(gateway: Gateway, body: bytes = b'{"a": 1}', *, method: str = "POST", key: bool = True) -> Answer:
    return gateway.client.request(method, "/user/x?a=1", body, KEY if key else {})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_is_asked_again_until_it_is_answered(gateway: Gateway, behind: Behind, method: str) -> None:
    (server,) = behind(refusing(3))
    answer = ask(gateway, method=method)
    assert (answer.status, answer.body) == (201, b"done")
    assert [request.body for request in server.requests] == [b'{"a": 1}'] * 4
    assert {request.line for request in server.requests} == {f"{method} /x?a=1 HTTP/1.1"}
    assert {request.one("idempotency-key") for request in server.requests} == {"k-1"}
    assert len({request.one("x-request-id") for request in server.requests}) == 1


def test_without_a_body_too_and_by_another_instance(gateway: Gateway, behind: Behind) -> None:
    one, other = behind(refusing(1), refusing(1))
    answer = ask(gateway, b"")
    assert (answer.status, answer.body) == (201, b"done")
    assert 2 <= len(one.requests) + len(other.requests) <= 3


def test_not_before_it_was_told_to(loop: Loop, registry: Registry, tmp_path: Path) -> None:
    moments: list[float] = []

    async def behave(talk: Talk) -> None:
        while True:
            await talk.request()
            moments.append(time.monotonic())
            if len(moments) == 1:
                body = json.dumps({"type": problems.COMMAND_IN_PROGRESS}).encode()
                await talk.answer(body, 409, KIND, b"Retry-After: 1")
            else:
                await talk.answer(b"done", 201)

    registry.list("FRIEND-SERVICE", loop.serve(behave))
    # The shared gateway has no patience for a pause of a second.
    with running(tmp_path, registry.url, GATEWAY_TIMEOUT_SECONDS="10") as patient:
        answer = patient.client.request("POST", "/friend/x", b"", KEY)
    assert (answer.status, answer.body) == (201, b"done")
    assert moments[1] - moments[0] >= 1.0


def test_the_gateways_deadline_ends_it_with_the_last_answer(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(refusing())
    began = time.monotonic()
    answer = ask(gateway)
    assert time.monotonic() - began < 5.0
    assert (answer.status, answer.content_type) == (409, "application/problem+json")
    assert answer.json()["type"] == problems.COMMAND_IN_PROGRESS
    assert answer.headers["Retry-After"] == "0"
    assert len(server.requests) > 1


def test_the_last_answer_counts_also_where_the_next_does_not_come(gateway: Gateway, behind: Behind) -> None:
    body = json.dumps({"type": problems.COMMAND_IN_PROGRESS, "status": 409}).encode()

    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.answer(body, 409, KIND, b"Retry-After: 0")
        await talk.request()
        await asyncio.sleep(600)

    behind(behave)
    answer = ask(gateway)
    assert (answer.status, answer.content_type) == (409, "application/problem+json")
    assert answer.json()["type"] == problems.COMMAND_IN_PROGRESS
    assert answer.headers["Retry-After"] == "0"


@pytest.mark.parametrize("after", ["1", "3600"])
def test_a_pause_beyond_the_deadline_is_left_to_the_client(gateway: Gateway, behind: Behind, after: str) -> None:
    """The shared gateway waits a second for an answer."""
    (server,) = behind(refusing(after=after))
    assert ask(gateway).status == 409
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        refusing(kind="about:blank"),
        refusing(after=None),
        refusing(after="Wed, 25 Nov 2026 01:00:00 GMT"),
        refusing(status=503),
        refusing(status=412),
    ],
    ids=["another problem", "no time", "a date", "503", "412"],
)
def test_no_other_answer_is_a_reason(gateway: Gateway, behind: Behind, behaviour: Behaviour) -> None:
    (server,) = behind(behaviour)
    assert ask(gateway).status in {409, 412, 503}
    assert len(server.requests) == 1


def test_without_a_key_it_is_not_asked_again(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(refusing())
    assert ask(gateway, key=False).status == 409
    assert len(server.requests) == 1


@pytest.mark.parametrize(("size", "times"), [(65_536, 2), (65_537, 1)])
def test_a_large_body_is_not_kept_for_that(gateway: Gateway, behind: Behind, size: int, times: int) -> None:
    (server,) = behind(refusing(1))
    assert ask(gateway, b"x" * size).status == (201 if times == 2 else 409)
    assert [len(request.body) for request in server.requests] == [size] * times


def test_a_body_in_chunks_is_sent_again_as_a_whole(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(refusing(1))
    with gateway.connect() as connection:
        connection.sendall(b"POST /user/x HTTP/1.1\r\nHost: h\r\nIdempotency-Key: k\r\n")
        connection.sendall(b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        eventually(lambda: _heard(server.requests))
        connection.sendall(b"6\r\n world\r\n0\r\n\r\n")
        assert response(connection).read() == b"done"
    assert [request.body for request in server.requests] == [b"hello world"] * 2


def _heard(requests: Sequence[object]) -> None:
    assert requests


def test_an_answer_before_the_whole_body_is_passed_on(gateway: Gateway, behind: Behind) -> None:
    body = json.dumps({"type": problems.COMMAND_IN_PROGRESS}).encode()

    async def hasty(talk: Talk) -> None:
        await talk.head()
        await talk.answer(body, 409, KIND, b"Retry-After: 0")
        await talk.until_left()

    (server,) = behind(hasty)
    with gateway.connect() as connection:
        connection.sendall(b"POST /user/x HTTP/1.1\r\nHost: h\r\nIdempotency-Key: k\r\nContent-Length: 9\r\n\r\nhalf")
        assert response(connection).status == 409
    assert len(server.requests) == 1


def test_who_leaves_meanwhile_is_not_asked_for(gateway: Gateway, behind: Behind) -> None:
    async def slowly(talk: Talk) -> None:
        while True:
            await talk.request()
            await asyncio.sleep(0.1)
            await talk.answer(
                json.dumps({"type": problems.COMMAND_IN_PROGRESS}).encode(), 409, KIND, b"Retry-After: 0"
            )

    (server,) = behind(slowly)
    connection: socket.socket = gateway.connect()
    connection.sendall(b"POST /user/x HTTP/1.1\r\nHost: h\r\nIdempotency-Key: k\r\nContent-Length: 0\r\n\r\n")
    eventually(lambda: _heard(server.requests))
    connection.close()
    # Longer than the gateway's patience would be, in which somebody who stayed is asked for about ten times.
    time.sleep(1.5)
    assert len(server.requests) <= 3


def test_a_read_with_a_token_may_take_as_long_as_it_waits(gateway: Gateway, behind: Behind) -> None:
    """The shared gateway's patience is a second; two more is what a token waits, or as much as the client prefers."""

    async def slow(talk: Talk) -> None:
        while True:
            await talk.request()
            await asyncio.sleep(1.6)
            await talk.answer(b"caught up")

    behind(slow, service="RECOMMENDATION-SERVICE")
    behind(slow)
    token = {"Consistency-Token": '"user-1";service=users;version=1'}
    for headers, status in (
        ({}, 504),
        (token, 200),
        (token | {"Prefer": "wait=0"}, 504),
        (token | {"Prefer": "respond-async, wait=1"}, 200),
        ({"Prefer": "wait=10"}, 504),
    ):
        assert gateway.client.get("/recommendation/x", headers).status == status, headers
    assert gateway.client.get("/user/x", token).status == 504
