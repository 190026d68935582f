"""The ASGI callable: requests of the routes go to the proxy, everything else to Django."""

from collections.abc import Awaitable, Callable
from typing import Any

from gateway import answers, routing, target
from gateway.body import Receive, Send
from gateway.discovery import Discovery
from gateway.proxy import Proxy
from gateway.target import Scope
from service.problems import Problem

# Django's handler; its types of messages are narrower than ASGI's.
Handler = Callable[[Scope, Any, Any], Awaitable[None]]


class Application:
    """ASGI 3 (https://asgi.readthedocs.io/en/latest/specs/): HTTP and lifespan; WebSockets are refused.

    `tls`: clients come over HTTPS, which ends before us.
    """

    def __init__(self, django: Handler, proxy: Proxy, discovery: Discovery, *, tls: bool) -> None:
        self._django, self._proxy, self._discovery, self._tls = django, proxy, discovery, tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's event stream."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            scope = target.read(scope, tls=self._tls)
            found = routing.find(scope["raw_path"])
        except Problem as problem:
            await answers.problem(send, problem, scope)
            return
        if found is None:
            await self._django(scope, receive, send)
        else:
            await self._proxy.forward(*found, scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._discovery.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._discovery.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
