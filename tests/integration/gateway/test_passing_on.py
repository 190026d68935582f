"""What comes through: requests as they were sent, answers as they were given."""

import asyncio
import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway.conftest import Behind
from tests.integration.gateway.process import Gateway, response, running
from tests.integration.gateway.servers import Loop, Registry, Talk, echo

TRACE = "00-16524ccd870f919338ae4c4b35b15067-715f32597d5babd4-01"


def seen(body: bytes) -> tuple[str, dict[str, list[str]], str]:
    """Request line, headers and body that the echo got."""
    told: dict[str, Any] = json.loads(body)
    headers: dict[str, list[str]] = {}
    for name, value in told["headers"]:
        headers.setdefault(name, []).append(value)
    return told["line"], headers, told["body"]


@pytest.mark.parametrize(
    ("service", "prefix"),
    [("USER-SERVICE", "user"), ("FRIEND-SERVICE", "friend"), ("RECOMMENDATION-SERVICE", "recommendation")],
)
def test_each_prefix_reaches_its_service(gateway: Gateway, behind: Behind, service: str, prefix: str) -> None:
    behind(echo, service=service)
    answer = gateway.client.get(f"/{prefix}/v1/users/3")
    line, headers, _ = seen(answer.body)
    assert (answer.status, line) == (200, "GET /v1/users/3 HTTP/1.1")
    assert headers["x-forwarded-prefix"] == [f"/{prefix}"]


def test_path_and_query_pass_byte_for_byte(gateway: Gateway, behind: Behind) -> None:
    behind(echo)
    target = "/v1//J%c3%BCrgen%20x/;a=b/...?q=%2F..%2f&q=+&&x=%00%zz?"
    line, _, _ = seen(gateway.client.get(f"/user{target}").body)
    assert line == f"GET {target} HTTP/1.1"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_methods_pass(gateway: Gateway, behind: Behind, method: str) -> None:
    behind(echo)
    assert seen(gateway.client.request(method, "/user/x").body)[0] == f"{method} /x HTTP/1.1"


def test_head_gets_the_headers_and_no_body(gateway: Gateway, behind: Behind) -> None:
    async def head(talk: Talk) -> None:
        while True:
            request = await talk.request()
            assert request.line.startswith("HEAD ")
            await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nX-A: 1\r\n\r\n")

    (server,) = behind(head)
    for _ in range(2):
        answer = gateway.client.request("HEAD", "/user/x")
        assert (answer.status, answer.body) == (200, b"")
        assert (answer.headers["Content-Length"], answer.headers["X-A"]) == ("1234", "1")
    assert server.connections == 1


def test_identity_is_made_or_carried_on_and_told(gateway: Gateway, behind: Behind) -> None:
    behind(echo)
    given = gateway.client.get("/user/x", {"X-Request-Id": "abc-1", "traceparent": TRACE, "tracestate": "a=1"})
    _, headers, _ = seen(given.body)
    assert (headers["x-request-id"], given.headers["X-Request-Id"]) == (["abc-1"], "abc-1")
    assert (headers["traceparent"], headers["tracestate"]) == ([TRACE], ["a=1"])
    made = gateway.client.get("/user/x", {"X-Request-Id": "not good"})
    _, headers, _ = seen(made.body)
    assert headers["x-request-id"] == [made.headers["X-Request-Id"]]
    assert headers["x-request-id"] != ["not good"]
    assert len(headers["traceparent"]) == 1


def test_what_a_client_has_seen_and_what_is_missing_pass(gateway: Gateway, behind: Behind) -> None:
    token, lag = '"user-1";service=users;version=1', '"user-1";service=users;wanted=1;have=0;why=parked'

    async def behave(talk: Talk) -> None:
        await talk.request()
        fields = (
            f"Consistency-Token: {token}",
            f"Projection-Lag: {lag}",
            "Preference-Applied: wait=1",
            'ETag: W/"a"',
        )
        await talk.answer(b"[]", 200, *(field.encode() for field in fields))

    (server,) = behind(behave)
    answer = gateway.client.get("/user/x", {"Consistency-Token": token, "Prefer": "wait=1", "If-None-Match": 'W/"b"'})
    (request,) = server.requests
    names = ("consistency-token", "prefer", "if-none-match")
    assert [request.one(name) for name in names] == [token, "wait=1", 'W/"b"']
    names = ("Consistency-Token", "Projection-Lag", "ETag")
    assert [answer.headers[name] for name in names] == [token, lag, 'W/"a"']
    assert answer.headers["Preference-Applied"] == "wait=1"


def test_where_it_comes_from_is_said_by_the_gateway(gateway: Gateway, behind: Behind) -> None:
    behind(echo)
    lies = {"X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4", "X-Forwarded-Prefix": "/evil", "X-A": "1"}
    lies |= {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"}
    _, headers, _ = seen(gateway.client.get("/user/x", {**lies, "Connection": "keep-alive, X-A"}).body)
    assert headers["x-forwarded-for"] == ["127.0.0.1"]
    assert headers["x-forwarded-host"] == headers["host"] == [f"127.0.0.1:{gateway.port}"]
    assert headers["x-forwarded-proto"] == ["http"]
    assert headers["x-forwarded-prefix"] == ["/user"]
    assert headers["forwarded"] == ["for=127.0.0.1;proto=http"]
    assert not {"connection", "x-a"} & headers.keys()


def test_behind_tls_it_says_so_whatever_the_client_says(loop: Loop, registry: Registry, tmp_path: Path) -> None:
    registry.list("USER-SERVICE", loop.serve(echo))
    with running(tmp_path, registry.url, TLS="1") as gateway:
        _, headers, _ = seen(gateway.client.get("/user/x", {"X-Forwarded-Proto": "http"}).body)
        assert headers["x-forwarded-proto"] == ["https"]
        own = gateway.client.get("/nowhere", {"X-Forwarded-Proto": "http"})
        assert (own.status, "Strict-Transport-Security" in own.headers) == (404, True)


@pytest.mark.parametrize("scheme", ["http", "https", "HTTP"])
def test_an_absolute_target_that_names_us_is_an_ordinary_one(gateway: Gateway, behind: Behind, scheme: str) -> None:
    """RFC 9112, 3.2.2: a server must accept it."""
    behind(echo)
    for target, line in (("/user/v1?a=http://h", "/v1?a=http://h"), ("/user", "/")):
        answer = gateway.client.request("GET", f"{scheme}://127.0.0.1:{gateway.port}{target}")
        told, headers, _ = seen(answer.body)
        assert told == f"GET {line} HTTP/1.1"
        assert headers["x-forwarded-host"] == [f"127.0.0.1:{gateway.port}"]
    own = f"{scheme}://127.0.0.1:{gateway.port}"
    assert gateway.client.get(f"{own}/actuator/health").status == 200
    assert gateway.client.get(own).status == 404


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_a_body_with_a_length_passes(gateway: Gateway, behind: Behind, size: int) -> None:
    (server,) = behind(echo)
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    answer = gateway.client.request("POST", "/user/x", body)
    assert answer.status == 200
    assert server.requests[-1].body == body
    assert server.requests[-1].one("content-length") == str(size)


def test_a_chunked_body_passes_piece_by_piece(gateway: Gateway, behind: Behind) -> None:
    async def one_by_one(talk: Talk) -> None:
        request = await talk.head()
        assert request.one("transfer-encoding") == "chunked"
        for expected in (b"2\r\nab\r\n", b"3\r\ncde\r\n"):
            assert await talk.reader.readexactly(len(expected)) == expected
            talk.server.go.set()
        assert await talk.reader.readexactly(5) == b"0\r\n\r\n"
        await talk.answer(b"got it")

    (server,) = behind(one_by_one)
    with gateway.connect() as connection:
        connection.sendall(b"POST /user/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        assert server.go.wait(10), "the first piece must not wait for the second"
        connection.sendall(b"3\r\ncde\r\n0\r\n\r\n")
        assert response(connection).read() == b"got it"


def test_a_client_that_waits_for_it_is_told_to_go_on(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(echo)
    with gateway.connect() as connection:
        connection.sendall(b"POST /user/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert seen(response(connection).read())[2] == "hello"
    assert not server.requests[-1].all("expect")


def test_an_early_answer_passes_while_the_body_still_comes(gateway: Gateway, behind: Behind) -> None:
    async def refuse(talk: Talk) -> None:
        await talk.head()
        await talk.answer(b"too much", 413)
        await talk.until_left()

    (server,) = behind(refuse)
    with gateway.connect() as connection:
        connection.sendall(b"POST /user/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n12345")
        answer = response(connection)
        assert (answer.status, answer.read()) == (413, b"too much")
    # What is left of that body must not be taken for a request's begin.
    assert gateway.client.get("/user/y").status == 413
    assert server.left.wait(10)
    assert [request.line for request in server.requests] == ["POST /x HTTP/1.1", "GET /y HTTP/1.1"]
    assert server.connections == 2


def test_answers_headers_pass_but_not_those_of_the_connection(gateway: Gateway, behind: Behind) -> None:
    async def talkative(talk: Talk) -> None:
        await talk.request()
        own = (b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"Connection: close, X-Inner", b"X-Inner: 1", b'ETag: "x"')
        await talk.answer(b"", 200, *own, b"Keep-Alive: timeout=1", b"X-Request-Id: theirs", b"X-Odd: \xe4")

    behind(talkative)
    answer = gateway.client.get("/user/x")
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert answer.headers["ETag"] == '"x"'
    assert answer.headers.get_all("X-Request-Id") != ["theirs"]
    assert not {"x-inner", "keep-alive"} & {name.lower() for name in answer.headers}


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_leaves_the_connection_usable(gateway: Gateway, behind: Behind, status: int) -> None:
    async def bodiless(talk: Talk) -> None:
        while True:
            await talk.request()
            await talk.say(b"HTTP/1.1 %d X\r\nETag: x\r\n\r\n" % status)

    (server,) = behind(bodiless)
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    for _ in range(3):
        connection.request("GET", "/user/x")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, b"")
        assert answer.getheader("Transfer-Encoding") is None
    connection.close()
    assert server.connections == 1


def test_interim_answers_do_not_disturb(gateway: Gateway, behind: Behind) -> None:
    async def interim(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        await talk.answer(b"done")

    behind(interim)
    assert gateway.client.get("/user/x").body == b"done"


def test_a_chunked_answer_and_one_that_ends_with_the_connection_pass(gateway: Gateway, behind: Behind) -> None:
    async def chunked(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await talk.say(b"2\r\nde\r\n0\r\n\r\n")
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\n\r\nfgh")

    behind(chunked)
    assert [gateway.client.get("/user/x").body for _ in range(2)] == [b"abcde", b"fgh"]


def test_a_large_answer_waits_for_a_slow_client_and_comes_whole(
    loop: Loop, registry: Registry, tmp_path: Path
) -> None:
    size = 50_000_000

    async def large(talk: Talk) -> None:
        await talk.request()
        await talk.answer(b"x" * size)
        talk.server.go.set()

    server = loop.serve(large)
    registry.list("USER-SERVICE", server)
    # A patient one: server and client share this test's process, which may be held up.
    with running(tmp_path, registry.url, GATEWAY_TIMEOUT_SECONDS="30") as gateway, gateway.connect() as connection:
        connection.sendall(b"GET /user/x HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = response(connection)
        assert not server.go.wait(0.5), "the gateway took more than its client did"
        assert len(answer.read()) == size
    assert server.go.wait(10)


def test_events_pass_one_by_one_however_long_the_silence(gateway: Gateway, behind: Behind) -> None:
    async def events(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        while not talk.server.go.is_set():
            await asyncio.sleep(0.01)
        # Longer than an answer may be silent: a stream of events may.
        await asyncio.sleep(1.5)
        await talk.say(b"data: 2\n\n")

    (server,) = behind(events)
    with gateway.connect() as connection:
        connection.sendall(b"GET /user/x HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = response(connection)
        assert answer.read1() == b"data: 1\n\n"
        server.go.set()
        assert answer.read() == b"data: 2\n\n"


def test_a_stream_of_events_opens_before_its_first_event(gateway: Gateway, behind: Behind) -> None:
    async def quiet(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n")
        while not talk.server.go.is_set():
            await talk.server.pause()
        await talk.say(b"data: 1\n\n")

    (server,) = behind(quiet)
    with gateway.connect() as connection:
        connection.sendall(b"GET /user/x HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = response(connection)
        assert (answer.status, answer.getheader("Content-Type")) == (200, "text/event-stream; charset=utf-8")
        server.go.set()
        assert answer.read() == b"data: 1\n\n"


def test_a_stream_of_events_without_events_is_whole(gateway: Gateway, behind: Behind) -> None:
    async def none(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")

    behind(none)
    assert gateway.client.get("/user/x").body == b""


UNBOUNDED = {
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "the connection's end": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("what", UNBOUNDED)
def test_http_1_0_gets_an_end_whatever_it_asks_for(gateway: Gateway, behind: Behind, what: str) -> None:
    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.say(UNBOUNDED[what])

    behind(behave)
    answer = gateway.raw(b"GET /user/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert (head.startswith(b"HTTP/1.0 200"), body) == (True, b"hello")
    assert b"connection: close" in head.lower()


def test_what_it_answers_itself_has_a_length(gateway: Gateway) -> None:
    for path in ("/actuator/health", "/actuator/gateway/routes", "/nowhere", "/user/admin/"):
        answer = gateway.client.get(path)
        assert int(answer.headers["Content-Length"]) == len(answer.body) > 0
        assert answer.headers["Transfer-Encoding"] is None


def test_a_client_that_leaves_takes_its_request_with_it(loop: Loop, registry: Registry, tmp_path: Path) -> None:
    async def slow(talk: Talk) -> None:
        await talk.request()
        talk.server.go.set()
        await talk.until_left()

    server = loop.serve(slow)
    registry.list("USER-SERVICE", server)
    # It would wait a minute for the answer, was it not for the client's leaving.
    with running(tmp_path, registry.url, GATEWAY_TIMEOUT_SECONDS="60") as patient:
        with patient.connect() as connection:
            connection.sendall(b"GET /user/x HTTP/1.1\r\nHost: h\r\n\r\n")
            assert server.go.wait(10)
        assert server.left.wait(10)


def test_a_client_that_leaves_a_stream_ends_it(gateway: Gateway, behind: Behind) -> None:
    async def endless(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await talk.until_left()

    (server,) = behind(endless)
    with gateway.connect() as connection:
        connection.sendall(b"GET /user/x HTTP/1.1\r\nHost: h\r\n\r\n")
        assert response(connection).read1() == b"data: 1\n\n"
    assert server.left.wait(10)


def test_a_client_that_leaves_while_it_sends_takes_its_request_with_it(gateway: Gateway, behind: Behind) -> None:
    async def patient(talk: Talk) -> None:
        await talk.head()
        talk.server.go.set()
        await talk.until_left()

    (server,) = behind(patient)
    with gateway.connect() as connection:
        connection.sendall(b"POST /user/x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhe")
        assert server.go.wait(10)
    assert server.left.wait(10)
