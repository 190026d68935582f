"""The HTTP client: what it makes of whatever an instance sends."""

import asyncio
import itertools
import socket
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from gateway import upstream
from gateway.upstream import BrokenAnswer, Connection, ConnectionLost, TooSlow, UpstreamError
from tests.unit.gateway.transport import Transport

Headers = list[tuple[bytes, bytes]]
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX-Trailer: 1\r\n\r\n"


def on_loop(test: Callable[[Connection, Transport], Awaitable[None]]) -> None:
    """Runs the test with a connection that has sent a request."""

    async def run() -> None:
        connection, transport = Connection(asyncio.get_running_loop()), Transport()
        connection.connection_made(transport)
        connection.send(b"GET / HTTP/1.1\r\n\r\n")
        await test(connection, transport)

    asyncio.run(run())


async def whole(connection: Connection) -> bytes:
    """The body to its end."""
    body = await connection.piece(None)
    while not connection.complete:
        body += await connection.piece(None)
    return body


def read(*pieces: bytes, closed: bool = False, head_only: bool = False) -> tuple[int, Headers, bytes, bool]:
    """Status, headers, body and whether the connection may be used again, for these pieces as they come."""
    found: list[tuple[int, Headers, bytes, bool]] = []

    async def test(connection: Connection, transport: Transport) -> None:
        connection.send(b"", head_only=head_only)
        for piece in pieces:
            connection.data_received(piece)
        if closed:
            connection.connection_lost(None)
        await connection.answer()
        body = await whole(connection)
        found.append((connection.status, connection.headers, body, connection.reusable))

    on_loop(test)
    return found[0]


def broken(error: type[UpstreamError], *pieces: bytes, closed: bool = False) -> UpstreamError:
    """The error that these pieces are."""
    with pytest.raises(error) as caught:
        read(*pieces, closed=closed)
    return caught.value


def cut(data: bytes, at: Sequence[int]) -> list[bytes]:
    """The data in pieces."""
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return [data[begin:end] for begin, end in itertools.pairwise(places)]


@given(st.sampled_from([LENGTH, CHUNKED]), st.lists(st.integers(0, 200)))
def test_an_answer_is_the_same_however_it_is_cut(data: bytes, at: list[int]) -> None:
    status, _, body, reusable = read(*cut(data, at))
    assert (status, body, reusable) == (200, b"hello", True)


def test_header_names_come_in_lower_case_values_as_they_are() -> None:
    _, headers, _, _ = read(b"HTTP/1.1 200 OK\r\nX-Name: A b\xe4\r\nX-NAME: C\r\nContent-Length: 0\r\n\r\n")
    assert headers == [(b"x-name", b"A b\xe4"), (b"x-name", b"C"), (b"content-length", b"0")]


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body_whatever_their_headers_say(status: int) -> None:
    answer = b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status
    assert read(answer)[::2] == (status, b"")


def test_the_answer_to_head_has_no_body_but_its_length() -> None:
    status, headers, body, reusable = read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", head_only=True)
    assert (status, body, reusable) == (200, b"", True)
    assert (b"content-length", b"5") in headers


def test_a_body_after_head_is_not_passed_on_and_ends_the_connection() -> None:
    assert read(LENGTH, head_only=True)[2:] == (b"", False)


def test_interim_answers_are_passed_over() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    status, headers, body, reusable = read(interim + LENGTH)
    assert (status, headers, body, reusable) == (200, [(b"content-length", b"5")], b"hello", True)


def test_without_a_length_the_body_ends_with_the_connection() -> None:
    status, _, body, reusable = read(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo", closed=True)
    assert (status, body, reusable) == (200, b"hello", False)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        LENGTH + b"x",
        LENGTH + LENGTH,
    ],
)
def test_a_connection_that_is_closed_or_out_of_step_is_not_used_again(answer: bytes) -> None:
    assert read(answer)[2:] == (b"hello", False)


def test_bytes_that_nobody_asked_for_close_the_connection() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        connection.data_received(LENGTH)
        await connection.answer()
        assert await whole(connection) == b"hello"
        assert connection.reusable
        connection.data_received(LENGTH)
        assert transport.aborted
        assert not connection.reusable

    on_loop(test)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * (upstream.LARGEST_HEAD + 1),
    ],
)
def test_what_is_not_http_or_ambiguous_is_a_broken_answer(answer: bytes) -> None:
    broken(BrokenAnswer, answer)


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", CHUNKED[:-9]]
)
def test_a_connection_that_ends_too_early_is_lost(sent: bytes) -> None:
    error = broken(ConnectionLost, *([sent] if sent else []), closed=True)
    assert isinstance(error, ConnectionLost)
    # The harness sends twice: what ends without a word was kept from an earlier request.
    assert error.unread == (sent == b"")


def test_a_new_connection_that_ends_without_a_word_may_have_carried_the_request() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        connection.connection_lost(None)
        with pytest.raises(ConnectionLost) as caught:
            await connection.answer()
        assert not caught.value.unread

    on_loop(test)


def test_a_reset_does_not_end_a_body_without_a_length() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nhel")
        await connection.answer()
        assert await connection.piece(None) == b"hel"
        connection.connection_lost(ConnectionResetError())
        with pytest.raises(ConnectionLost):
            await connection.piece(None)

    on_loop(test)


def test_an_answer_that_broke_off_before_anybody_saw_its_head_is_an_error_as_a_whole() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        connection.data_received(LENGTH[:-2])
        connection.connection_lost(None)
        with pytest.raises(ConnectionLost):
            await connection.answer()

    on_loop(test)


def test_what_came_in_time_counts_however_late_it_is_looked_at() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        connection.expect(0.0)
        connection.data_received(LENGTH[:-2])
        await asyncio.sleep(0.01)
        await connection.answer()
        assert await connection.piece(None) == b"hel"

    on_loop(test)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_an_instance_is_not_slow_where_this_process_was_held_up(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        _, connection = await loop.create_connection(lambda: Connection(loop), sock=ours)
        connection.send(b"GET / HTTP/1.1\r\n\r\n")
        connection.expect(0.01)
        with theirs:
            theirs.sendall(LENGTH[:-5])
            time.sleep(0.05)
            await connection.answer()
            theirs.sendall(LENGTH[-5:])
        assert await whole(connection) == b"hello"
        connection.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(test())


def test_silence_fails_what_waits_for_the_head_or_the_body() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        connection.expect(0.0)
        with pytest.raises(TooSlow):
            await connection.answer()
        assert transport.aborted
        connection, transport = Connection(asyncio.get_running_loop()), Transport()
        connection.connection_made(transport)
        connection.send(b"")
        connection.data_received(LENGTH[:-5])
        await connection.answer()
        with pytest.raises(TooSlow):
            await connection.piece(0.0)

    on_loop(test)


def test_a_deadline_that_was_kept_does_not_fire_later() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        connection.expect(0.01)
        connection.data_received(LENGTH)
        await connection.answer()
        await asyncio.sleep(0.05)
        assert await whole(connection) == b"hello"
        assert connection.reusable

    on_loop(test)


def test_a_slow_client_stops_the_reading_and_its_catching_up_goes_on_with_it() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        size = upstream.HIGH_WATER + 1
        connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (size + 1) + b"x" * size)
        assert not transport.reading
        await connection.answer()
        assert len(await connection.piece(None)) == size
        assert transport.reading

    on_loop(test)


def test_an_instance_that_does_not_read_is_waited_for_and_then_given_up() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        await connection.drain(0.0)
        connection.pause_writing()
        with pytest.raises(TooSlow):
            await connection.drain(0.0)
        waiting = asyncio.ensure_future(connection.drain(60.0))
        await asyncio.sleep(0)
        assert not waiting.done()
        connection.resume_writing()
        await waiting

    on_loop(test)


def test_after_the_connection_is_lost_writing_goes_nowhere_and_waiting_ends() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        connection.pause_writing()
        waiting = asyncio.ensure_future(connection.drain(60.0))
        await asyncio.sleep(0)
        connection.connection_lost(ConnectionResetError())
        await waiting
        before = transport.written
        connection.write(b"more")
        assert transport.written == before

    on_loop(test)


def test_nothing_of_an_answer_is_left_for_the_next() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        connection.data_received(b"HTTP/1.1 404 No\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello")
        await connection.answer()
        assert await whole(connection) == b"hello"
        connection.send(b"GET /2 HTTP/1.1\r\n\r\n")
        connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await connection.answer()
        assert (connection.status, connection.headers) == (200, [(b"content-length", b"0")])
        assert await whole(connection) == b""

    on_loop(test)


def test_an_idle_connection_that_its_instance_ends_is_closed_at_once() -> None:
    async def test(connection: Connection, transport: Transport) -> None:
        connection.data_received(LENGTH)
        await connection.answer()
        await whole(connection)
        connection.eof_received()
        assert connection.closed

    on_loop(test)
