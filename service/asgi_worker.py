"""gunicorn's ASGI worker, with an end that waits for nobody idle, and heads of event streams that leave at once.

It overrides what gunicorn has no setting for; the tests of the gateway run it, so that a new version cannot change
that unnoticed.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.asgi.lifespan import LifespanManager
from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers.gasgi import ASGIWorker

# How often the master wants to hear that the worker lives.
HEARTBEAT_SECONDS = 1.0
# The master kills after the grace period; so much before, the worker ends by itself, and in order.
RESERVE_SECONDS = 1.0


class Connection(ASGIProtocol):  # type: ignore[misc]  # gunicorn has no types
    """A client's connection."""

    _response_buffer: bytes | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self.worker.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self.worker.connections.discard(self)
        super().connection_lost(exc)

    def close_if_idle(self) -> None:
        """End it, if it waits for a request: what gunicorn does when its time is over."""
        if self._awaiting_request and not self._request_ready.is_set():
            self._keepalive_timeout()

    def _will_close(self, request: Any, response_requires_close: bool) -> bool:
        # HTTP/1.0 knows no chunks: the end of an answer without a length is the connection's end.
        return bool(request.version < (1, 1) or super()._will_close(request, response_requires_close))

    def _send_response_start(
        self, status: int, headers: list[tuple[bytes, bytes]], request: Any, close: bool = False
    ) -> None:
        super()._send_response_start(status, headers, request, close)
        # Other heads leave with the first bytes of the body, in one packet; here those may be hours away.
        if any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers):
            self._safe_write(self._response_buffer)
            self._response_buffer = None


class Worker(ASGIWorker):  # type: ignore[misc]  # gunicorn has no types
    """Serves an ASGI application that understands lifespan. `on_drain` is called when it is told to end, before it
    waits for the requests under way; it must not block."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.connections: set[Connection] = set()
        self.on_drain: Callable[[], None] | None = None
        self._told = asyncio.Event()

    def handle_exit_signal(self) -> None:
        """SIGTERM: end when the requests under way are served."""
        super().handle_exit_signal()
        self._told.set()

    def handle_quit_signal(self) -> None:
        """SIGINT, SIGQUIT: end now."""
        super().handle_quit_signal()
        self._told.set()

    async def _serve(self) -> None:
        self.lifespan = LifespanManager(self.asgi, self.log, self.state)
        try:
            await self.lifespan.startup()
        except RuntimeError as error:
            self.log.exception("The application did not start")
            raise SystemExit(Arbiter.WORKER_BOOT_ERROR) from error
        for listener in self.sockets:
            server = await self.loop.create_server(
                lambda: Connection(self), sock=listener.sock, ssl=self._get_ssl_context()
            )
            self.servers.append(server)
            self.log.info("ASGI server listening on %s", listener)
        while self.alive and self.ppid == os.getppid():
            self.notify()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), HEARTBEAT_SECONDS)
        await self._shutdown()

    async def _shutdown(self) -> None:
        if self.on_drain is not None:
            self.on_drain()
        for server in self.servers:
            server.close()
        for connection in tuple(self.connections):
            connection.close_if_idle()
        deadline = self.loop.time() + max(0.0, self.cfg.graceful_timeout - RESERVE_SECONDS)
        while self.nr_conns and not self._quick_shutdown and self.loop.time() < deadline:
            self.notify()
            await asyncio.sleep(0.05)
        if self.nr_conns:
            self.log.warning("%d connections are cut off", self.nr_conns)
        if not self._quick_shutdown:
            await self.lifespan.shutdown()
