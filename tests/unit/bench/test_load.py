"""The load generator, against a small server that answers as it is told."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from bench.desktop import load
from bench.desktop.load import Measurement

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

ANSWERS = itertools.cycle(
    (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nConnection: close\r\n\r\n",
    )
)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.readline():
        await reader.readuntil(b"\r\n\r\n")
        writer.write(next(ANSWERS))
    writer.close()


async def _measure(calls: int, connections: int) -> Measurement:
    async with await asyncio.start_server(_answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sent = itertools.repeat(("GET", "/", b""), calls)
        url = f"http://127.0.0.1:{port}"
        return await load.run(url, sent, connections=connections, seconds=30, keep=True)


def test_every_call_is_sent_once_and_counted_by_its_status() -> None:
    measured = asyncio.run(_measure(calls=40, connections=4))
    assert measured.statuses == {200: 20, 204: 10, 503: 10}
    assert sorted(set(measured.bodies)) == [b"", b"hi"]
    assert measured.bodies.count(b"hi") == 20


def test_a_load_ends_with_its_time() -> None:
    async def endless() -> Measurement:
        async with await asyncio.start_server(_answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            sent = itertools.repeat(("GET", "/", b""))
            return await load.run(f"http://127.0.0.1:{port}", sent, connections=2, seconds=0.2)

    measured = asyncio.run(endless())
    assert measured.rate > 0
    assert len(measured.times) == measured.statuses.total()


def test_percentiles() -> None:
    measured = Measurement(seconds=2, times=[0.001 * number for number in range(1, 101)])
    assert measured.rate == 50
    assert (measured.percentile(0.0), measured.percentile(1.0)) == (1, 100)
    assert round(measured.percentile(0.5)) == 51
    assert Measurement().percentile(0.5) == 0
