"""Tiny real servers behind the gateway, each misbehaving in its way, and a registry that knows them."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(kw_only=True, slots=True)
class Request:
    """A request as it came over the wire: the head's lines, and the body's bytes with their framing."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        """The header's values."""
        return [value for key, value in self.headers if key == name]

    def one(self, name: str) -> str:
        """The header's only value."""
        (value,) = self.all(name)
        return value


class Talk:
    """One connection from the gateway, in the hands of a server's behaviour."""

    def __init__(self, server: "Server", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer

    async def head(self) -> Request:
        """The next request's head. Raises IncompleteReadError at the connection's end."""
        lines = (await self.reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in lines[1:])
        request = Request(line=lines[0], headers=[(name.lower(), value) for name, value in pairs])
        self.server.requests.append(request)
        return request

    async def request(self) -> Request:
        """The next request, with its body where it has a length; chunks are joined."""
        request = await self.head()
        if request.all("content-length"):
            request.body = await self.reader.readexactly(int(request.one("content-length")))
        elif request.all("transfer-encoding"):
            while size := int(await self.reader.readline(), 16):
                request.body += await self.reader.readexactly(size)
                await self.reader.readline()
            await self.reader.readline()
        return request

    async def say(self, data: bytes) -> None:
        """Send these bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes, status: int = 200, *headers: bytes) -> None:
        """Send a proper answer."""
        fields = b"".join(b"%b\r\n" % header for header in headers)
        await self.say(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%b\r\n%b" % (status, len(body), fields, body))

    def reset(self) -> None:
        """Break the connection off (RST, unless all was read)."""
        self.writer.transport.abort()

    async def until_left(self) -> None:
        """Wait until the gateway closes the connection."""
        try:
            while await self.reader.read(65536):
                pass
        except OSError:
            pass
        self.server.left.set()


Behaviour = Callable[[Talk], Awaitable[None]]


async def echo(talk: Talk) -> None:
    """Answers each request with what it got."""
    while True:
        request = await talk.request()
        seen = {"line": request.line, "headers": request.headers, "body": request.body.decode("latin-1")}
        await talk.answer(json.dumps(seen).encode(), 200, b"Content-Type: application/json")


@dataclass(eq=False)
class Server:
    """Listens on `port` of 127.0.0.1 and gives every connection to `behave`."""

    behave: Behaviour
    loop: "Loop"
    port: int = 0
    connections: int = 0
    requests: list[Request] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    _listening: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Begin to listen."""
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def pause(self) -> None:
        """A moment in which others go on."""
        await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop listening, and break off every connection; connections are refused from now on."""
        if self._listening is not None:
            self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self.behave(Talk(self, reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            self.left.set()
        finally:
            writer.transport.abort() if writer.is_closing() or task.cancelling() else writer.close()
            self._tasks.discard(task)


class Loop:
    """An event loop in a thread of its own; tests call into it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers")
        self._thread.start()
        self._servers: list[Server] = []

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` gives."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(10)

    def serve(self, behave: Behaviour, port: int = 0) -> Server:
        """A server that behaves so."""
        server = Server(behave, self, port)
        self.call(server.start())
        self._servers.append(server)
        return server

    def stop(self, server: Server) -> None:
        """End one server: from now on it refuses connections."""
        self.call(server.stop())

    def close(self) -> None:
        """End all servers and the thread."""
        for server in self._servers:
            self.stop(server)
        self.call(asyncio.sleep(0.05))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Registry:
    """A registry over real HTTP; what it says can be changed at any time."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._instances: dict[str, list[tuple[str, int, str]]] = {}
        self.broken: bytes | None = None
        self.server = loop.serve(self._behave)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def polls(self) -> int:
        """How often it was asked."""
        return sum(request.line == "GET /eureka/apps HTTP/1.1" for request in self.server.requests)

    @property
    def leases(self) -> list[str]:
        """What instances asked of it, in order: `POST /eureka/apps/…` begins a lease, DELETE ends it."""
        return [request.line for request in self.server.requests if not request.line.startswith("GET ")]

    def list(self, service: str, *servers: Server | int, status: str = "UP", host: str = "127.0.0.1") -> None:
        """Have these be the service's instances."""
        ports = [server if isinstance(server, int) else server.port for server in servers]
        self._instances[service] = [(host, port, status) for port in ports]

    def stop(self) -> None:
        """Go away."""
        self._loop.stop(self.server)

    def start(self) -> None:
        """Come back on the same port."""
        self.server = self._loop.serve(self._behave, self.server.port)

    def _body(self) -> bytes:
        applications = [
            {
                "name": name,
                "instance": [
                    {
                        "instanceId": f"{host}:{port}",
                        "app": name,
                        "hostName": host,
                        "ipAddr": host,
                        "status": status,
                        "port": {"$": port, "@enabled": "true"},
                    }
                    for host, port, status in instances
                ],
            }
            for name, instances in self._instances.items()
        ]
        return json.dumps({"applications": {"application": applications}}).encode()

    async def _behave(self, talk: Talk) -> None:
        request = await talk.request()
        if self.broken is not None:
            await talk.say(self.broken)
        elif request.line.startswith("GET "):
            assert request.one("accept") == "application/json"
            await talk.answer(self._body(), 200, b"Connection: close")
        else:
            await talk.answer(b"", 200, b"Connection: close")
