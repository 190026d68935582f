"""What a client is told when something is wrong, and what instances do not get twice."""

import asyncio
import http.client
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.contract import shapes
from tests.integration.gateway.conftest import Behind, learned
from tests.integration.gateway.process import Gateway, response, running
from tests.integration.gateway.servers import Behaviour, Loop, Registry, Talk, echo
from tests.support.client import Answer
from tests.support.waiting import eventually


def problem(answer: Answer, status: int) -> dict[str, Any]:
    """The problem document, which agrees with the answer that it came in."""
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    body: dict[str, Any] = answer.json()
    shapes.problem(body)
    assert (body["status"], body["requestId"]) == (status, answer.headers["X-Request-Id"])
    return body


def saying(*pieces: bytes, then: str = "close") -> Behaviour:
    """Answers the first request with these bytes, then closes, resets, or waits until the gateway leaves."""

    async def behave(talk: Talk) -> None:
        await talk.request()
        for piece in pieces:
            await talk.say(piece)
        if then == "wait":
            await talk.until_left()
        elif then == "reset":
            talk.reset()

    return behave


silent = saying(then="wait")


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/users/v1/users", "/USER/v1", "/%75ser/v1", "/admin/", "/actuator"]
)
def test_no_such_route(gateway: Gateway, path: str) -> None:
    assert problem(gateway.client.get(path), 404)["path"]


@pytest.mark.parametrize("prefix", ["/user", "/friend", "/recommendation"])
@pytest.mark.parametrize(
    "path", ["/admin", "/admin/", "//admin/login/", "/%61dmin/", "/static/x", "/actuator/prometheus"]
)
def test_the_inside_does_not_exist_outside(gateway: Gateway, behind: Behind, prefix: str, path: str) -> None:
    (server,) = behind(echo)
    assert problem(gateway.client.get(prefix + path), 404)["path"].startswith(prefix)
    assert not server.requests


@pytest.mark.parametrize(
    "path",
    [
        *("/user/../x", "/user/%2e%2e/x", "/user/a%2fb", "/user/a%5Cb", "/user/a\\b"),
        *("/user/%00", "/user/%0d%0aX:1", "/user/%zz", "/user/%4", "/user/%", "/user/x#y"),
    ],
)
def test_a_path_with_two_readings(gateway: Gateway, behind: Behind, path: str) -> None:
    (server,) = behind(echo)
    problem(gateway.client.get(path), 400)
    assert not server.requests


@pytest.mark.parametrize("target", ["/user/x", "/actuator/health", "/nowhere"])
def test_methods_that_are_about_the_way_end_here(gateway: Gateway, behind: Behind, target: str) -> None:
    (server,) = behind(echo)
    for method, asked in (("TRACE", target), ("CONNECT", target), ("CONNECT", "127.0.0.1:80")):
        answer = gateway.client.request(method, asked)
        assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
        problem(answer, 405)
    assert not server.requests


def test_head_is_answered_without_a_body(gateway: Gateway) -> None:
    answer = gateway.client.request("HEAD", "/user/admin/")
    assert (answer.status, answer.body) == (404, b"")


def unavailable(answer: Answer) -> None:
    """503, and when to come again."""
    assert "is up" in problem(answer, 503)["detail"]
    assert int(answer.headers["Retry-After"]) > 0


def test_no_instance_is_listed(gateway: Gateway, registry: Registry) -> None:
    registry.list("FRIEND-SERVICE")
    learned(registry)
    unavailable(gateway.client.get("/friend/x"))


@pytest.mark.parametrize("status", ["DOWN", "OUT_OF_SERVICE", "STARTING"])
def test_no_listed_instance_is_up(gateway: Gateway, registry: Registry, loop: Loop, status: str) -> None:
    server = loop.serve(echo)
    registry.list("FRIEND-SERVICE", server, status=status)
    learned(registry)
    unavailable(gateway.client.post("/friend/x"))
    assert not server.connections


def test_instances_that_refuse_are_not_up(gateway: Gateway, behind: Behind, loop: Loop) -> None:
    for server in behind(echo, echo):
        loop.stop(server)
    unavailable(gateway.client.get("/user/x"))
    unavailable(gateway.client.post("/user/x", {"a": 1}))


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example"])
def test_an_instance_at_an_impossible_name_is_not_up(gateway: Gateway, registry: Registry, host: str) -> None:
    registry.list("FRIEND-SERVICE", 80, host=host)
    learned(registry)
    unavailable(gateway.client.get("/friend/x"))


def test_where_one_refuses_another_takes_it(gateway: Gateway, behind: Behind, loop: Loop) -> None:
    refusing, server, other = behind(echo, echo, echo)
    loop.stop(refusing)
    loop.stop(other)
    for number in range(10):
        assert gateway.client.post("/user/x", {"number": number}).status == 200
    assert [request.body for request in server.requests] == [b'{"number": %d}' % number for number in range(10)]


def test_an_instance_that_comes_back_is_used_again(gateway: Gateway, behind: Behind, loop: Loop) -> None:
    (server,) = behind(echo)
    loop.stop(server)
    unavailable(gateway.client.get("/user/x"))
    loop.serve(echo, server.port)
    assert gateway.client.get("/user/x").status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_answer_in_time(gateway: Gateway, behind: Behind, method: str) -> None:
    (server,) = behind(silent)
    answer = gateway.client.request(method, "/user/x", b"" if method == "POST" else None)
    assert "in time" in problem(answer, 504)["detail"]
    assert server.left.wait(10), "what nobody waits for any more is cancelled"
    assert len(server.requests) == 1


def test_a_body_that_is_not_taken_in_time(gateway: Gateway, behind: Behind) -> None:
    async def deaf(talk: Talk) -> None:
        await talk.head()
        while not talk.server.left.is_set():
            await asyncio.sleep(0.01)

    (server,) = behind(deaf)
    with gateway.connect() as connection:
        sender = threading.Thread(target=_send_quietly, args=(connection, 100_000_000))
        sender.start()
        assert response(connection).status == 504
    sender.join(10)
    server.left.set()


def _send_quietly(connection: socket.socket, size: int) -> None:
    try:
        connection.sendall(b"POST /user/x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 100_000):
            connection.sendall(b"x" * 100_000)
    except OSError:
        return  # The gateway has answered and closed.


BROKEN = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "an upgrade": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\n" + b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 3000,
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_answer(gateway: Gateway, behind: Behind, what: str, method: str) -> None:
    async def behave(talk: Talk) -> None:
        await talk.request()
        talk.writer.write(BROKEN[what])
        talk.writer.close()

    (server,) = behind(behave)
    answer = _tolerant(gateway, method)
    if answer is not None:
        problem(answer, 502)
    assert len(server.requests) == 1, "it was answered, though badly: not sent again"


def _tolerant(gateway: Gateway, method: str) -> Answer | None:
    """The answer; None where it began before it broke off, which the client sees as well."""
    try:
        return gateway.client.request(method, "/user/x", b"" if method == "POST" else None)
    except http.client.IncompleteRead:
        return None


HEADS = {
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
}


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("what", HEADS)
def test_a_head_whose_body_never_begins_is_no_answer(gateway: Gateway, behind: Behind, what: str, then: str) -> None:
    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.say(HEADS[what])
        # Time for the head to come by itself; without it this would be a weaker test, not a failing one.
        await asyncio.sleep(0.05)
        await saying_nothing(talk, then)

    (server,) = behind(behave)
    problem(gateway.client.get("/user/x"), 502)
    assert len(server.requests) == 1


@pytest.mark.parametrize("what", HEADS)
def test_a_body_that_does_not_begin_in_time(gateway: Gateway, behind: Behind, what: str) -> None:
    behind(saying(HEADS[what], then="wait"))
    problem(gateway.client.get("/user/x"), 504)


BREAKING_OFF = {
    "a length too large": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"hello"),
    "chunks without an end": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n"),
    "half a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"9\r\nhello"),
}


@pytest.mark.parametrize("then", ["close", "reset", "wait"])
@pytest.mark.parametrize("what", BREAKING_OFF)
def test_an_answer_that_breaks_off_does_not_look_whole(
    gateway: Gateway, behind: Behind, what: str, then: str
) -> None:
    head, body = BREAKING_OFF[what]

    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.say(head + body)
        while not talk.server.go.is_set():
            await asyncio.sleep(0.01)
        await saying_nothing(talk, then)

    (server,) = behind(behave)
    with gateway.connect() as connection:
        connection.sendall(b"GET /user/x HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = response(connection)
        assert answer.read(5) == b"hello"
        server.go.set()
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


async def saying_nothing(talk: Talk, then: str) -> None:
    """Ends the talk in one of three ways."""
    if then == "wait":
        await talk.until_left()
    elif then == "reset":
        talk.reset()


def test_bytes_beyond_the_length_reach_nobody(gateway: Gateway, behind: Behind) -> None:
    async def more(talk: Talk) -> None:
        while True:
            await talk.request()
            await talk.say(
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
            )

    (server,) = behind(more)
    for _ in range(3):
        assert gateway.client.get("/user/x").body == b"hello"
    assert server.connections == 3


def stale(then: str) -> Behaviour:
    """Serves one request on its first connection and ends that with the second; another connection serves."""

    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.answer(b"first")
        await talk.request()
        if talk.server.connections == 1:
            await saying_nothing(talk, then)
        else:
            await talk.answer(b"second")

    return behave


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
@pytest.mark.parametrize("then", ["close", "reset"])
def test_what_may_be_repeated_is_sent_again_where_a_kept_connection_ends(
    gateway: Gateway, behind: Behind, method: str, then: str
) -> None:
    (server,) = behind(stale(then))
    assert gateway.client.get("/user/kept").body == b"first"
    body = b"body" if method == "PUT" else b""
    assert gateway.client.request(method, "/user/x", body or None).status == 200
    assert [request.body for request in server.requests] == [b"", body, body]
    assert server.connections == 2


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_new_connection_that_ends_has_carried_the_request(
    gateway: Gateway, behind: Behind, method: str, then: str
) -> None:
    async def swallow(talk: Talk) -> None:
        await talk.request()
        await saying_nothing(talk, then)

    (server,) = behind(swallow)
    problem(gateway.client.request(method, "/user/x", b"body" if method == "PUT" else None), 502)
    assert len(server.requests) == 1


def test_it_is_sent_again_only_once(gateway: Gateway, behind: Behind) -> None:
    async def once(talk: Talk) -> None:
        await talk.request()
        if talk.server.connections == 1:
            await talk.answer(b"first")
            await talk.request()

    (server,) = behind(once)
    assert gateway.client.get("/user/x").body == b"first"
    problem(gateway.client.get("/user/x"), 502)
    assert len(server.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("kept", [False, True], ids=["new connection", "kept connection"])
def test_a_command_is_never_sent_twice(
    gateway: Gateway, behind: Behind, method: str, then: str, *, kept: bool
) -> None:
    async def swallow(talk: Talk) -> None:
        if kept:
            await talk.request()
            await talk.answer(b"first")
        await talk.request()
        await saying_nothing(talk, then)

    (server,) = behind(swallow)
    if kept:
        assert gateway.client.get("/user/first").body == b"first"
    problem(gateway.client.request(method, "/user/x", b"{}"), 502)
    assert [request.line for request in server.requests].count(f"{method} /x HTTP/1.1") == 1
    assert server.connections == 1


def test_a_half_sent_body_is_not_sent_again(gateway: Gateway, behind: Behind) -> None:
    async def leave(talk: Talk) -> None:
        await talk.head()
        talk.reset()

    (server,) = behind(leave)
    with gateway.connect() as connection:
        connection.sendall(b"PUT /user/x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhe")
        assert response(connection).status == 502
    assert len(server.requests) == 1


def test_a_connection_that_an_instance_closed_is_no_trouble(gateway: Gateway, behind: Behind) -> None:
    async def once(talk: Talk) -> None:
        await talk.request()
        await talk.answer(b"once")

    (server,) = behind(once)
    for _ in range(5):
        assert gateway.client.get("/user/x").body == b"once"
    assert server.connections == 5


def test_more_requests_than_an_instance_may_get(loop: Loop, registry: Registry, tmp_path: Path) -> None:
    async def waiting(talk: Talk) -> None:
        while True:
            await talk.request()
            talk.server.left.set()
            while not talk.server.go.is_set():
                await asyncio.sleep(0.01)
            await talk.answer(b"done")

    server = loop.serve(waiting)
    registry.list("FRIEND-SERVICE", server)
    limits = {"GATEWAY_CONNECTIONS": "1", "GATEWAY_TIMEOUT_SECONDS": "30"}
    with running(tmp_path, registry.url, **limits) as gateway:
        first, second = gateway.connect(), gateway.connect()
        with first, second:
            first.sendall(b"GET /friend/1 HTTP/1.1\r\nHost: h\r\n\r\n")
            assert server.left.wait(10)
            second.sendall(b"GET /friend/2 HTTP/1.1\r\nHost: h\r\n\r\n")

            def refused() -> None:
                third = gateway.client.get("/friend/3")
                assert "can take" in problem(third, 503)["detail"]
                assert third.headers["Retry-After"]

            eventually(refused)
            server.go.set()
            assert [response(connection).read() for connection in (first, second)] == [b"done", b"done"]
    assert [request.line for request in server.requests] == ["GET /1 HTTP/1.1", "GET /2 HTTP/1.1"]
    assert server.connections == 1
