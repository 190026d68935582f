"""Finds an instance that takes a request, and says why where none does."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from gateway import answers, balancer, exchange, headers, metrics
from gateway.body import Body, ClientGone, Receive, Send
from gateway.discovery import Discovery
from gateway.exchange import Request
from gateway.pool import Upstream
from gateway.routing import Route
from gateway.under_way import StillUnderWay, UnderWay
from gateway.upstream import ConnectionLost, NoConnection, TooBusy, TooSlow, UpstreamError
from service import preferences, problems
from service.problems import Problem

logger = logging.getLogger(__name__)
# https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2: to send one of these twice does no more than to send it once.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
RETRY_AFTER = {"Retry-After": "2"}


class Proxy:
    """Passes requests on to instances that `discovery` knows; they have `timeout` seconds to begin their answer."""

    def __init__(self, discovery: Discovery, *, timeout: float) -> None:
        self._discovery, self._timeout = discovery, timeout

    async def forward(
        self, route: Route, path: bytes, scope: Mapping[str, Any], receive: Receive, send: Send
    ) -> None:
        """Serve the request from an instance of the route's service, or answer with a problem."""
        incoming, patience = headers.read(scope["headers"]), self._patience(route, scope)
        request = Request(
            route=route,
            path=path,
            scope=scope,
            incoming=incoming,
            body=Body(incoming, receive, keep=_has(scope, b"idempotency-key")),
            patience=patience,
            deadline=asyncio.get_running_loop().time() + patience,
        )
        try:
            await self._pass_on(request, send)
        except (UpstreamError, ClientGone) as error:
            problem, kind = _problem(error, route.service)
            metrics.BY_ROUTE[route.id].failures[kind].inc()
            metrics.BY_ROUTE[route.id].answered(problem.status)
            told = (scope["method"], scope["path"], problem.status, error, incoming.request_id.decode())
            logger.warning("%s %s: %d, %s (request %s)", *told)
            await answers.problem(send, problem, scope, incoming)

    def _patience(self, route: Route, scope: Mapping[str, Any]) -> float:
        """For how many seconds an answer may keep the client waiting."""
        if not (route.waits and _has(scope, b"consistency-token")):
            return self._timeout
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"prefer"]
        asked = preferences.wait(",".join(lines))
        return self._timeout + (preferences.DEFAULT_SECONDS if asked is None else asked)

    async def _pass_on(self, request: Request, send: Send) -> None:
        """Try instances until one has taken the request. Raises UpstreamError, ClientGone."""
        await request.body.begin()
        patience = request.patience
        tried: set[Upstream] = set()
        fresh, pause = False, None
        while True:
            upstream = await self._choose(request.route.service, tried)
            try:
                await self._through(upstream, request, send, patience, fresh=fresh)
            except UnderWay as again:
                metrics.BY_ROUTE[request.route.id].under_way.inc()
                pause = again.seconds
                await asyncio.sleep(pause)
                patience = request.deadline - asyncio.get_running_loop().time()
                request.body.rewind()
                tried, fresh = set(), False
            except TooSlow as error:
                if pause is None:
                    raise
                # Whether this time it was begun is not known; under its key it can be asked for again.
                raise StillUnderWay(pause) from error
            except NoConnection:
                metrics.BY_ROUTE[request.route.id].refused.inc()
                tried.add(upstream)
            except ConnectionLost as error:
                if not _may_repeat(request, error):
                    raise
                metrics.BY_ROUTE[request.route.id].lost.inc()
                # A new connection cannot be lost unread: there is no third time.
                fresh = True
            else:
                return

    async def _choose(self, service: str, tried: set[Upstream]) -> Upstream:
        instances = await self._discovery.instances(service)
        chosen = balancer.choose(instances, now=asyncio.get_running_loop().time(), tried=tried)
        if chosen is None:
            raise NoConnection(f"{len(tried)} of {len(instances)} known instances took no connection")
        return chosen

    async def _through(
        self, upstream: Upstream, request: Request, send: Send, patience: float, *, fresh: bool
    ) -> None:
        connection = await upstream.acquire(patience, fresh=fresh)
        try:
            await exchange.over(connection, upstream, request, send, patience)
        finally:
            upstream.release(connection)


def _has(scope: Mapping[str, Any], field: bytes) -> bool:
    return any(name == field for name, _ in scope["headers"])


def _may_repeat(request: Request, error: ConnectionLost) -> bool:
    """Whether the request may be sent again: a kept connection that ends without a word was most likely closed before
    the request came, but the instance may have acted all the same, so a command may not."""
    return error.unread and request.scope["method"] in IDEMPOTENT and request.body.whole


def _problem(error: Exception, service: str) -> tuple[Problem, str]:
    """What is answered, and what it is counted as."""
    match error:
        case NoConnection():
            return Problem(503, f"No instance of {service} is up.", headers=RETRY_AFTER), "no_instance"
        case TooBusy():
            return Problem(503, f"{service} has more requests than it can take.", headers=RETRY_AFTER), "too_busy"
        case StillUnderWay(seconds=seconds):
            told = {"Retry-After": str(seconds)}
            detail = "The same command is under way."
            return Problem(409, detail, headers=told, type_uri=problems.COMMAND_IN_PROGRESS), "under_way"
        case TooSlow():
            return Problem(504, f"{service} did not answer in time."), "too_slow"
        case ClientGone():
            return Problem(408, "The request's body did not come."), "client_gone"
        case _:
            return Problem(502, f"{service} gave no proper answer."), "broken"
