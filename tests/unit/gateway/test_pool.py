"""Connections to an instance: kept, bounded, handed over in turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway import pool
from gateway.breaker import FIRST_SECONDS, Breaker
from gateway.pool import Upstream
from gateway.upstream import Connection, NoConnection, TooBusy

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers every request with nothing; counts its connections, and can close them all."""

    def __init__(self) -> None:
        self.connections = 0
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open[writer] = asyncio.current_task()
        while await reader.read(65536):
            writer.write(ANSWER)
        writer.close()
        await writer.wait_closed()

    def close_all(self) -> None:
        for writer in self._open:
            writer.close()

    async def ended(self) -> None:
        """All its connections are closed."""
        self.close_all()
        await asyncio.gather(*(task for task in self._open.values() if task), return_exceptions=True)


@asynccontextmanager
async def served(limit: int, port: int = 0) -> AsyncIterator[tuple[Upstream, Server]]:
    """An instance that answers, and what is behind it."""
    behind = Server()
    listening = await asyncio.start_server(behind.serve, "127.0.0.1", port)
    upstream = Upstream("127.0.0.1", listening.sockets[0].getsockname()[1], limit=limit)
    try:
        yield upstream, behind
    finally:
        upstream.retire()
        listening.close()
        await behind.ended()


async def ask(upstream: Upstream, *, fresh: bool = False) -> None:
    """One request from its begin to its end."""
    connection = await upstream.acquire(5.0, fresh=fresh)
    await talk(connection)
    upstream.release(connection)


async def talk(connection: Connection) -> None:
    """Request and answer."""
    connection.send(b"GET / HTTP/1.1\r\n\r\n")
    await connection.answer()
    await connection.piece(None)


def with_server(test: Callable[[Upstream, Server], Awaitable[None]], *, limit: int = 2) -> None:
    """Runs the test in front of a server."""

    async def run() -> None:
        async with served(limit) as (upstream, server):
            await test(upstream, server)

    asyncio.run(run())


def test_a_connection_serves_one_request_after_the_other() -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        for _ in range(3):
            await ask(upstream)
        assert server.connections == 1
        assert upstream.outstanding == 0
        await ask(upstream, fresh=True)
        assert server.connections == 2

    with_server(test)


def test_one_that_was_idle_for_too_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        await ask(upstream)
        monkeypatch.setattr(pool, "IDLE_SECONDS", 0.0)
        await ask(upstream)
        assert server.connections == 2

    with_server(test)


def test_one_that_its_instance_has_closed_is_not_used() -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        await ask(upstream)
        server.close_all()
        await asyncio.sleep(0.05)
        await ask(upstream)
        assert server.connections == 2

    with_server(test)


def test_one_whose_answer_was_not_read_to_its_end_is_closed() -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        connection = await upstream.acquire(5.0)
        connection.send(b"GET / HTTP/1.1\r\n\r\n")
        upstream.release(connection)
        assert connection.closed
        await ask(upstream)
        assert (server.connections, upstream.outstanding) == (2, 0)

    with_server(test)


def test_sweeping_closes_the_idle_and_only_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        at_work = await upstream.acquire(5.0)
        idle = await upstream.acquire(5.0)
        await talk(idle)
        upstream.release(idle)
        now = asyncio.get_running_loop().time()
        upstream.sweep(now)
        early = idle.closed
        upstream.sweep(now + pool.IDLE_SECONDS)
        assert (early, idle.closed, at_work.closed) == (False, True, False)
        upstream.release(at_work)

    with_server(test)


def test_a_retired_instance_finishes_and_keeps_nothing() -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        connection = await upstream.acquire(5.0)
        upstream.retire()
        await talk(connection)
        upstream.release(connection)
        assert connection.closed

    with_server(test)


def test_over_the_limit_requests_wait_their_turn() -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        first = await upstream.acquire(5.0)
        waiting = asyncio.ensure_future(upstream.acquire(5.0))
        await asyncio.sleep(0)
        assert not waiting.done()
        await talk(first)
        upstream.release(first)
        assert await waiting is first
        upstream.release(first)
        assert upstream.outstanding == 0

    with_server(test, limit=1)


def test_many_at_once_never_exceed_the_limit_and_all_get_through() -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        most = 0

        async def one() -> None:
            nonlocal most
            connection = await upstream.acquire(5.0)
            most = max(most, upstream.outstanding)
            await talk(connection)
            upstream.release(connection)

        await asyncio.gather(*(one() for _ in range(6)))
        assert (most, upstream.outstanding) == (3, 0)
        assert server.connections <= 3

    with_server(test, limit=3)


def test_who_waits_in_vain_is_told_and_leaves_no_trace() -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        first = await upstream.acquire(5.0)
        with pytest.raises(TooBusy):
            await upstream.acquire(0.0)
        queued = asyncio.ensure_future(upstream.acquire(5.0))
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            await upstream.acquire(5.0)
        queued.cancel()
        await asyncio.sleep(0)
        upstream.release(first)
        assert upstream.outstanding == 0
        await ask(upstream)

    with_server(test, limit=1)


def test_a_turn_that_comes_with_a_cancellation_goes_to_the_next() -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        first = await upstream.acquire(5.0)
        waiting = asyncio.ensure_future(upstream.acquire(5.0))
        await asyncio.sleep(0)
        upstream.release(first)
        waiting.cancel()
        await asyncio.sleep(0.01)
        assert waiting.cancelled()
        assert upstream.outstanding == 0

    with_server(test, limit=1)


def test_a_refused_connection_opens_the_breaker() -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        async with served(1) as (upstream, _):
            port = upstream.port
        gone = Upstream("127.0.0.1", port, limit=1)
        assert gone.breaker.admits(loop.time())
        with pytest.raises(NoConnection):
            await gone.acquire(5.0)
        assert not gone.breaker.admits(loop.time())
        assert gone.outstanding == 0

    asyncio.run(run())


def half_open() -> Breaker:
    """The breaker of an instance that refused a connection long ago."""
    breaker = Breaker()
    breaker.refused(asyncio.get_running_loop().time() - FIRST_SECONDS)
    return breaker


def test_a_request_that_tells_nothing_leaves_room_for_another_probe() -> None:
    async def test(upstream: Upstream, server: Server) -> None:
        upstream.breaker = half_open()
        now = asyncio.get_running_loop().time()
        connection = await upstream.acquire(5.0)
        assert not upstream.breaker.admits(now)
        upstream.release(connection)
        assert upstream.breaker.admits(now)
        first, second = await upstream.acquire(5.0), await upstream.acquire(5.0)
        upstream.release(second)
        assert not upstream.breaker.admits(now), "the first is the probe, and is still under way"
        upstream.release(first)
        assert upstream.breaker.admits(now)

    with_server(test)


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example"])
def test_a_name_that_cannot_be_looked_up_takes_no_connections(host: str) -> None:
    with pytest.raises(NoConnection):
        asyncio.run(Upstream(host, 80, limit=1).acquire(5.0))


def test_the_authority_of_an_ipv6_address_stands_in_brackets() -> None:
    assert Upstream("::1", 8120, limit=1).authority == b"[::1]:8120"
    assert Upstream("users", 8120, limit=1).authority == b"users:8120"
