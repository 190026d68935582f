"""One kept-alive HTTP/1.1 connection, lean enough that the client takes little of the machine that it measures."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit


class Connection:
    """Sends one request at a time and reads its answer by its Content-Length, or its chunks."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """The status and the body of the answer. Raises OSError or IncompleteReadError when the connection breaks."""
        reader, writer = self._streams or await self._open()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
        if method != "GET":
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"\r\n" + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines[1:] if line)
        status = int(lines[0].split()[1])
        answer = await _body(reader, headers, status)
        if headers.get(b"connection") == b"close":
            self.close()
        return status, answer

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._streams = await asyncio.open_connection(self.host, self.port)
        return self._streams

    def close(self) -> None:
        """Close it; the next request opens another."""
        if self._streams:
            self._streams[1].close()
            self._streams = None


async def _body(reader: asyncio.StreamReader, headers: dict[bytes, bytes], status: int) -> bytes:
    if headers.get(b"transfer-encoding") == b"chunked":
        return b"".join([chunk async for chunk in _chunks(reader)])
    if status in {204, 304}:
        return b""
    return await reader.readexactly(int(headers.get(b"content-length", b"0")))


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readline()).split(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
