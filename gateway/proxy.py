"""Finds an instance that takes a request, and says why where none does."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway import answers, deadline, exchange, headers, metrics
from gateway.body import Body, ClientGone, Message, Receive, Send
from gateway.budget import FLOOR_PER_SECOND, Budget
from gateway.discovery import Discovery
from gateway.exchange import Request, Unavailable
from gateway.pool import Upstream
from gateway.routing import ROUTES, Route
from gateway.tries import Tries, repeatable
from gateway.under_way import StillUnderWay, UnderWay
from gateway.upstream import ConnectionLost, NoConnection, TooBusy, TooSlow, UpstreamError
from service import context, preferences, problems, tracing
from service.problems import Problem

logger = logging.getLogger(__name__)
RETRY_AFTER = {"Retry-After": "2"}


class Proxy:
    """Passes requests on to instances that `discovery` knows; `timeouts`: the seconds by route that they have to
    begin their answer.

    `workers`: how many processes this gateway is; each has its share of what all together may send again.
    """

    def __init__(self, discovery: Discovery, *, timeouts: Mapping[str, float], workers: int = 1) -> None:
        self._discovery, self._timeouts = discovery, timeouts
        self._budgets = {route.id: Budget(floor=FLOOR_PER_SECOND / workers) for route in ROUTES}

    async def forward(
        self, route: Route, path: bytes, scope: Mapping[str, Any], receive: Receive, send: Send
    ) -> None:
        """Serve the request from an instance of the route's service, or answer with a problem."""
        incoming = headers.read(scope["headers"])
        # With spans, the first one of a trace must have no parent that nobody has seen.
        first = tracing.ENABLED and not _has(scope, b"traceparent")
        parent = "" if first else incoming.traceparent.decode()
        with tracing.span(f"{scope['method']} {route.id}", tracing.SERVER, parent) as opened:
            if tracing.ENABLED:
                incoming, send = replace(incoming, traceparent=opened.traceparent.encode()), _traced(send, opened)
            # For what is logged meanwhile.
            request_id, traceparent = incoming.request_id.decode(), incoming.traceparent.decode()
            context.begin(context.RequestContext(request_id=request_id, traceparent=traceparent))
            await self._forward(route, path, scope, incoming, receive, send)

    async def _forward(
        self,
        route: Route,
        path: bytes,
        scope: Mapping[str, Any],
        incoming: headers.Incoming,
        receive: Receive,
        send: Send,
    ) -> None:
        counts = metrics.BY_ROUTE[route.id]
        may_repeat = repeatable(scope)
        body = Body(incoming, receive, keep=may_repeat)
        try:
            request = self._request(route, path, scope, incoming, body, repeatable=may_repeat)
            await body.begin()
            await self._pass_on(request, send)
        except Problem as refused:
            counts.answered(refused.status)
            await answers.problem(send, refused, scope, incoming)
        except (UpstreamError, ClientGone) as error:
            problem, kind = _problem(error, route.service)
            counts.failures[kind].inc()
            counts.answered(problem.status)
            told = (scope["method"], scope["path"], problem.status, error, incoming.request_id.decode())
            logger.warning("%s %s: %d, %s (request %s)", *told)
            await answers.problem(send, problem, scope, incoming)

    def _request(
        self,
        route: Route,
        path: bytes,
        scope: Mapping[str, Any],
        incoming: headers.Incoming,
        body: Body,
        *,
        repeatable: bool,
    ) -> Request:
        """All that is known of it. Raises Problem."""
        patience, asked = self._patience(route, scope), deadline.asked(incoming.timeout)
        seconds = patience if asked is None else min(asked, patience)
        budget = self._budgets[route.id]
        budget.request()
        return Request(
            route=route,
            path=path,
            scope=scope,
            incoming=incoming,
            body=body,
            tries=Tries(budget, body, repeatable=repeatable),
            patience=patience,
            deadline=asyncio.get_running_loop().time() + seconds,
            moment=deadline.milliseconds(seconds),
            hurried=seconds * 2 < patience,
        )

    def _patience(self, route: Route, scope: Mapping[str, Any]) -> float:
        """For how many seconds an answer may keep the client waiting."""
        seconds = self._timeouts[route.id]
        if not (route.waits and _has(scope, b"consistency-token")):
            return seconds
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"prefer"]
        asked = preferences.wait(",".join(lines))
        return seconds + (preferences.DEFAULT_SECONDS if asked is None else asked)

    async def _pass_on(self, request: Request, send: Send) -> None:
        """Try instances until one has taken the request. Raises UpstreamError, ClientGone."""
        while True:
            upstream = await self._choose(request)
            try:
                await _through(upstream, request, send)
            except UnderWay as again:
                metrics.BY_ROUTE[request.route.id].under_way.inc()
                await asyncio.sleep(again.seconds)
                request.tries.begin_anew(again)
            except Unavailable as found:
                logger.info("Trying another: %s (request %s)", found, request.incoming.request_id.decode())
            except UpstreamError as error:
                _go_on(request, error)
            else:
                return

    async def _choose(self, request: Request) -> Upstream:
        now = asyncio.get_running_loop().time
        instances = await self._discovery.instances(request.route.service, request.deadline - now())
        chosen = request.tries.next(instances, now())
        if chosen is None:
            raise NoConnection(f"{request.tries.tried} of {len(instances)} known instances took no connection")
        return chosen


async def _through(upstream: Upstream, request: Request, send: Send) -> None:
    loop = asyncio.get_running_loop()
    connection = await upstream.acquire(request.deadline - loop.time(), fresh=request.tries.fresh)
    left = request.deadline - loop.time()
    try:
        if left <= 0:
            raise TooSlow("The time was over before it could be asked.")
        await exchange.over(connection, upstream, request, send, left)
    except UpstreamError as error:
        if _is_its_fault(error, request, left):
            upstream.breaker.failed(loop.time())
        raise
    finally:
        upstream.release(connection)


def _is_its_fault(error: UpstreamError, request: Request, seconds: float) -> bool:
    """Whether the instance failed: not where it ended an idle connection, or had little time left."""
    if isinstance(error, TooSlow):
        return seconds * 2 >= request.patience
    return not (isinstance(error, ConnectionLost) and error.unread)


def _go_on(request: Request, error: UpstreamError) -> None:
    """Prepares the next try after this error; raises it where there must be none."""
    counts, tries = metrics.BY_ROUTE[request.route.id], request.tries
    if isinstance(error, NoConnection):
        tries.carried_nothing()
        counts.refused.inc()
    elif isinstance(error, ConnectionLost) and (
        tries.elsewhere(asyncio.get_running_loop().time()) or tries.over_a_new_connection(error)
    ):
        counts.lost.inc()
    elif isinstance(error, TooSlow) and tries.under_way is not None:
        # Whether this time it was begun is not known; under its key it can be asked for again.
        raise StillUnderWay(tries.under_way.seconds) from error
    else:
        if isinstance(error, ConnectionLost) and tries.denied:
            counts.denied.inc()
        raise error


def _traced(send: Send, opened: tracing.Opened) -> Send:
    async def noted(message: Message) -> None:
        if message["type"] == "http.response.start":
            opened.answered(message["status"])
        await send(message)

    return noted


def _has(scope: Mapping[str, Any], field: bytes) -> bool:
    return headers.value(scope["headers"], field) is not None


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
