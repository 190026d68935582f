"""A request's body: framed as it was announced, passed on as it comes."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.body import Body, ClientGone, Message
from gateway.headers import Incoming
from gateway.upstream import Connection
from tests.unit.gateway.transport import Transport

WITH_LENGTH, CHUNKED = Incoming(length=b"5"), Incoming(chunked=True)


def receiving(*messages: Message) -> Callable[[], Awaitable[Message]]:
    """An ASGI receive that gives these."""
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0)

    return receive


def part(data: bytes, *, more: bool) -> Message:
    """A part of a body as ASGI gives it."""
    return {"type": "http.request", "body": data, "more_body": more}


GONE: Message = {"type": "http.disconnect"}


def sent(incoming: Incoming, *messages: Message) -> bytes:
    """All the bytes that an instance gets of the body."""

    async def run() -> bytes:
        connection, transport = Connection(asyncio.get_running_loop()), Transport()
        connection.connection_made(transport)
        body = Body(incoming, receiving(*messages))
        await body.begin()
        connection.send(body.opening())
        if not body.whole:
            await body.flow(connection, 5.0)
            assert not body.whole, "what has flowed away cannot be sent again"
        connection.close()
        return transport.written

    return asyncio.run(run())


def test_without_a_body_nothing_is_received_or_sent() -> None:
    assert sent(Incoming()) == b""
    assert sent(Incoming(length=b"0")) == b""


def test_a_body_with_a_length_passes_as_it_is() -> None:
    assert sent(WITH_LENGTH, part(b"hello", more=False)) == b"hello"
    assert sent(WITH_LENGTH, part(b"he", more=True), part(b"", more=True), part(b"llo", more=False)) == b"hello"


def test_a_chunked_body_is_chunked_anew() -> None:
    assert sent(CHUNKED, part(b"hello", more=False)) == b"5\r\nhello\r\n0\r\n\r\n"
    assert sent(CHUNKED, part(b"", more=False)) == b"0\r\n\r\n"
    messages = [part(b"he", more=True), part(b"", more=True), part(b"llo", more=True), part(b"", more=False)]
    assert sent(CHUNKED, *messages) == b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"


@given(st.lists(st.binary(max_size=40), min_size=1))
def test_only_the_last_chunk_ends_the_body(parts: list[bytes]) -> None:
    messages = [part(data, more=index < len(parts) - 1) for index, data in enumerate(parts)]
    framed = sent(CHUNKED, *messages)
    decoded = b""
    while True:
        size, _, framed = framed.partition(b"\r\n")
        decoded, framed = decoded + framed[: int(size, 16)], framed[int(size, 16) + 2 :]
        if size == b"0":
            break
    assert (decoded, framed) == (b"".join(parts), b"")


def test_a_client_that_leaves_before_the_begin_is_gone() -> None:
    with pytest.raises(ClientGone):
        asyncio.run(Body(WITH_LENGTH, receiving(GONE)).begin())


def test_a_client_that_leaves_in_the_middle_takes_the_request_with_it() -> None:
    async def run() -> None:
        connection, transport = Connection(asyncio.get_running_loop()), Transport()
        connection.connection_made(transport)
        body = Body(WITH_LENGTH, receiving(part(b"he", more=True), GONE))
        await body.begin()
        connection.send(body.opening())
        await body.flow(connection, 5.0)
        assert transport.aborted
        with pytest.raises(ClientGone):
            await connection.answer()

    asyncio.run(run())
