"""A request sent over one connection to an instance, and the answer passed back as it comes."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from gateway import headers, metrics, under_way
from gateway.body import Body, ClientGone, Send
from gateway.headers import Incoming
from gateway.pool import Upstream
from gateway.routing import Route
from gateway.tries import UNAVAILABLE, Tries
from gateway.upstream import Connection, UpstreamError

logger = logging.getLogger(__name__)


class Unavailable(Exception):
    """The instance answered 502, 503 or 504, and another may have the request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is to be passed on. `path`: as the service gets it.

    `patience`: seconds that its route has for an answer to begin, and the longest silence within it. `deadline`: when
    nobody waits any more, in the loop's time, and `moment`: the same in milliseconds since 1970. `hurried`: the
    client left less than half of the patience.
    """

    route: Route
    path: bytes
    scope: Mapping[str, Any]
    incoming: Incoming
    body: Body
    tries: Tries
    patience: float
    deadline: float
    moment: int
    hurried: bool = False

    def head(self, authority: bytes) -> bytes:
        """The head for an instance at `authority`, `host:port`."""
        scope = self.scope
        query = scope["query_string"]
        return headers.request_head(
            method=scope["method"],
            target=self.path + b"?" + query if query else self.path,
            prefix=self.route.prefix,
            client=scope["client"][0] if scope["client"] else "unknown",
            scheme=scope["scheme"],
            authority=authority,
            deadline=self.moment,
            incoming=self.incoming,
            identity=scope.get("identity", b""),
        )


async def over(connection: Connection, upstream: Upstream, request: Request, send: Send, seconds: float) -> None:
    """Send the request, pass the answer back; the connection must be given back afterwards.

    Raises UpstreamError, ClientGone, UnderWay or Unavailable while nothing has been passed back; later the client's
    answer just ends early.
    `seconds`: how long until the answer begins.
    """
    head = request.head(upstream.authority) + request.body.opening()
    begun = perf_counter()
    connection.send(head, head_only=request.scope["method"] == "HEAD")
    if request.body.whole:
        connection.expect(seconds)
        await _answer(connection, upstream, request, send, begun)
        return
    flow = asyncio.get_running_loop().create_task(request.body.flow(connection, seconds))
    try:
        await _answer(connection, upstream, request, send, begun)
    finally:
        if not flow.done():
            # Answered before the whole request was there: what is still to come must not go to the next one.
            flow.cancel()
            connection.close()


async def _answer(connection: Connection, upstream: Upstream, request: Request, send: Send, begun: float) -> None:
    await connection.answer()
    counts = metrics.BY_ROUTE[request.route.id]
    counts.took(perf_counter() - begun)
    if connection.status < 500:
        upstream.breaker.succeeded(asyncio.get_running_loop().time())
    else:
        _judge(connection.status, upstream, request)
    endless = _endless(connection.headers)
    patience = None if endless else request.patience
    # An instance that dies between head and body has given no answer, and that can still be said.
    data, more = (b"", True) if endless else await _next(connection, patience)
    if request.body.kept and under_way.likely(connection):
        while more and len(data) <= under_way.LARGEST:
            rest, more = await _next(connection, patience)
            data += rest
        under_way.check(connection, data, request.deadline)
    counts.answered(connection.status)
    fields = headers.returned(connection.headers, request.incoming.request_id)
    await send({"type": "http.response.start", "status": connection.status, "headers": fields})
    try:
        await send({"type": "http.response.body", "body": data, "more_body": more})
        while more:
            data, more = await _next(connection, patience)
            await send({"type": "http.response.body", "body": data, "more_body": more})
    except (UpstreamError, ClientGone) as error:
        # Too late for another status: the server ends the client's connection, which shows that something is missing.
        if isinstance(error, UpstreamError):
            upstream.breaker.failed(asyncio.get_running_loop().time())
        logger.warning("An answer of %s broke off: %s", request.route.service, error)


def _judge(status: int, upstream: Upstream, request: Request) -> None:
    now = asyncio.get_running_loop().time()
    if not (request.hurried and status == 504):
        upstream.breaker.failed(now)
    if status not in UNAVAILABLE:
        return
    counts = metrics.BY_ROUTE[request.route.id]
    if request.tries.elsewhere(now):
        counts.unavailable.inc()
        raise Unavailable(f"{upstream!r} answered {status}")
    if request.tries.denied:
        counts.denied.inc()


async def _next(connection: Connection, patience: float | None) -> tuple[bytes, bool]:
    """The next bytes of the body, and whether more follow."""
    data = await connection.piece(patience)
    return data, not connection.complete


def _endless(fields: headers.Headers) -> bool:
    """Whether it is a stream of events, in which silence means nothing."""
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in fields)
