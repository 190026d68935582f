"""Requests that two servers could read in two ways are refused, or passed on with one meaning."""

import re

import pytest

from tests.integration.gateway.conftest import Behind
from tests.integration.gateway.process import Gateway, response
from tests.integration.gateway.servers import echo

POST = b"POST /user/x HTTP/1.1\r\nHost: h\r\n"
SECOND = b"GET /user/smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

REFUSED = {
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "the same length twice": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of lengths": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a signed length": POST + b"Content-Length: +5\r\n\r\nhello",
    "a length with text": POST + b"Content-Length: 5x\r\n\r\nhello",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "not chunked at last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded header": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a bare LF": b"GET /user/x HTTP/1.1\nHost: h\n\n",
    "a CR in a value": b"GET /user/x HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
    "a NUL in a value": b"GET /user/x HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n",
    "a blank in the target": b"GET /user/a b HTTP/1.1\r\nHost: h\r\n\r\n",
    "a small method": b"get /user/x HTTP/1.1\r\nHost: h\r\n\r\n",
    "a method with signs": b"G(T /user/x HTTP/1.1\r\nHost: h\r\n\r\n",
    "another protocol": b"GET /user/x HTTP/3.0\r\nHost: h\r\n\r\n",
    "two hosts": b"GET /user/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a chunk size with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n",
    "a chunk size with 0x": POST + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    "a chunk longer than its size": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    "an absolute target": b"GET http://other/user/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "CONNECT": b"CONNECT other:443 HTTP/1.1\r\nHost: h\r\n\r\n",
    "no length in Content-Length": POST + b"Content-Length:\r\n\r\n",
    "a negative length": POST + b"Content-Length: -5\r\n\r\nhello",
    "a length in hexadecimal": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "a length beyond 64 bits": POST + b"Content-Length: 18446744073709551621\r\n\r\nhello",
    "chunked after a vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in quotes": POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "two lines of codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /user/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk size that is none": POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\na\r\n0\r\n\r\n",
    "no chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n\r\na\r\n0\r\n\r\n",
    "a blank before the chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n",
    "a bare LF behind the chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
    "a bare CR in a chunk extension": POST + b"Transfer-Encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n",
    "a header without a name": POST + b": chunked\r\n\r\n",
    "a header without a colon": POST + b"Transfer-Encoding chunked\r\n\r\n",
    "a NUL in a header's name": POST + b"Transfer-\x00Encoding: chunked\r\n\r\n",
    "a blank before the first header": b"GET /user/x HTTP/1.1\r\n Host: h\r\n\r\n",
    "no protocol": b"GET /user/x\r\n\r\n",
    "no host": b"GET /user/x HTTP/1.1\r\nConnection: close\r\n\r\n",
    "a tab in the request line": b"GET\t/user/x\tHTTP/1.1\r\nHost: h\r\n\r\n",
    "a control character in the target": b"GET /user/\x01x HTTP/1.1\r\nHost: h\r\n\r\n",
    "user information in the target": b"GET http://h@other/user/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "another scheme": b"GET ftp://h/user/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "TRACE": b"TRACE /user/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "an encoded slash": b"GET /user/a%2Fb HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "dots": b"GET /user/../admin/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "encoded CR and LF": b"GET /user/x%0d%0aX:y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "a header that is too long": b"GET /user/x HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    "a target that is too long": b"GET /user/" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_request_with_two_readings_is_refused_and_nothing_after_it_served(
    gateway: Gateway, behind: Behind, what: str
) -> None:
    (server,) = behind(echo)
    answer = gateway.raw(REFUSED[what] + SECOND)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501")), answer
    assert not [request.line for request in server.requests if "smuggled" in request.line]
    # A body can turn out to be broken after its head was passed on; then the instance never gets it whole.
    assert all(request.body == b"" for request in server.requests)


def test_a_body_that_looks_like_a_request_stays_a_body(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(echo)
    with gateway.connect() as connection:
        connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(SECOND) + SECOND)
        assert response(connection).status == 200
    assert [request.body for request in server.requests] == [SECOND]


def test_chunk_extensions_and_trailers_are_not_passed_on(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(echo)
    chunks = b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-Trailer: 1\r\n\r\n"
    with gateway.connect() as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        assert response(connection).status == 200
    assert server.requests[0].body == b"hello"
    assert not server.requests[0].all("x-trailer")


def test_requests_one_after_the_other_on_a_connection_are_answered_in_order(gateway: Gateway, behind: Behind) -> None:
    behind(echo)
    ends = (b"", b"", b"Connection: close\r\n")
    answers = gateway.raw(
        b"".join(b"GET /user/%d HTTP/1.1\r\nHost: h\r\n%b\r\n" % (number, end) for number, end in enumerate(ends))
    )
    assert answers.count(b"HTTP/1.1 200 ") == 3
    assert re.findall(rb"GET /(\d) HTTP/1.1", answers) == [b"0", b"1", b"2"]


def test_http_1_0_passes_as_1_1_and_its_connection_ends(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(echo)
    answer = gateway.raw(b"GET /user/x HTTP/1.0\r\n\r\n")
    assert b" 200 " in answer.partition(b"\r\n")[0]
    assert server.requests[0].line == "GET /x HTTP/1.1"
    assert server.requests[0].one("host") == f"127.0.0.1:{server.port}"


def test_a_header_with_an_underscore_is_not_passed_on(gateway: Gateway, behind: Behind) -> None:
    """`X_Forwarded_For` and `X-Forwarded-For` are the same to many servers."""
    (server,) = behind(echo)
    assert gateway.client.get("/user/x", {"X_Forwarded_For": "1.2.3.4"}).status == 200
    assert not [name for name, _ in server.requests[0].headers if "_" in name]


def test_an_upgrade_is_refused(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(echo)
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    answer = gateway.raw(b"GET /user/x HTTP/1.1\r\nHost: h\r\n" + upgrade + key)
    assert answer.startswith(b"HTTP/1.1 403")
    assert not server.requests


def test_another_upgrade_is_an_ordinary_request(gateway: Gateway, behind: Behind) -> None:
    (server,) = behind(echo)
    assert gateway.client.get("/user/x", {"Connection": "Upgrade", "Upgrade": "h2c"}).status == 200
    assert not server.requests[0].all("upgrade")
