"""What the gateway is measured in front of: the least that can answer, and a service's own server."""

import asyncio
import sys
from collections.abc import Iterable
from typing import Any

ANSWER = b'{"id":1,"firstName":"Ada","lastName":"Lovelace","createdAt":"2026-11-24T19:25:29.363+00:00"}'


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """A WSGI application that answers at once (PEP 3333)."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))])
    return [ANSWER]


class Bare(asyncio.Protocol):
    """Answers whatever comes with one write."""

    _answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER)
    ) + ANSWER

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """A request, taken to be whole."""
        self._transport.write(self._answer)


async def main(port: int) -> None:
    """Serve on 127.0.0.1 until ended."""
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(int(sys.argv[1])))
