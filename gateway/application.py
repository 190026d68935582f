"""The ASGI callable: requests of the routes go to the proxy, everything else to Django."""

from collections.abc import Awaitable, Callable
from typing import Any

from gateway import answers, inside, metrics, routing, target
from gateway.body import Message, Receive, Send
from gateway.discovery import Discovery
from gateway.edge import Edge
from gateway.proxy import Proxy
from gateway.target import Scope
from service.problems import Problem

# Django's handler; its types of messages are narrower than ASGI's.
Handler = Callable[[Scope, Any, Any], Awaitable[None]]


class Application:
    """ASGI 3 (https://asgi.readthedocs.io/en/latest/specs/): HTTP and lifespan; WebSockets are refused.

    `edge`: the rules for clients. `inside_port`: the port for those who run the system, 0 for none.
    """

    def __init__(
        self, django: Handler, proxy: Proxy, discovery: Discovery, edge: Edge, *, inside_port: int = 0
    ) -> None:
        self._django, self._proxy, self._discovery, self._edge = django, proxy, discovery, edge
        self._inside_port = inside_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's event stream."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Where the connection came in, by its socket: no header decides that.
        if self._inside_port and scope["server"][1] == self._inside_port:
            await inside.serve(scope, receive, send)
            return
        scope, outgoing = self._edge.open(scope, send)
        try:
            # First of all: what is refused for its form counts, too.
            who = await self._edge.admit(scope, outgoing)
            if who is None:
                metrics.answered_ourselves(204)
                return
            scope = target.read(scope, tls=self._edge.tls)
            found = routing.find(scope["raw_path"])
            if found is not None:
                scope = self._edge.introduced(scope, found[1], who)
        except Problem as problem:
            metrics.answered_ourselves(problem.status)
            await answers.problem(outgoing, problem, scope)
            return
        if found is None:
            await self._django(scope, receive, _counting(outgoing))
        else:
            await self._proxy.forward(*found, scope, receive, outgoing)

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


def _counting(send: Send) -> Send:
    async def counted(message: Message) -> None:
        if message["type"] == "http.response.start":
            metrics.answered_ourselves(message["status"])
        await send(message)

    return counted
