"""The ASGI callable: requests of the routes go to the proxy, everything else to Django."""

from collections.abc import Awaitable, Callable
from typing import Any

from gateway import answers, routing
from gateway.body import Receive, Send
from gateway.discovery import Discovery
from gateway.proxy import Proxy
from service.problems import Problem

Scope = dict[str, Any]
# Django's handler; its types of messages are narrower than ASGI's.
Handler = Callable[[Scope, Any, Any], Awaitable[None]]


class Application:
    """ASGI 3 (https://asgi.readthedocs.io/en/latest/specs/): HTTP and lifespan; WebSockets are refused."""

    def __init__(self, django: Handler, proxy: Proxy, discovery: Discovery) -> None:
        self._django, self._proxy, self._discovery = django, proxy, discovery

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
