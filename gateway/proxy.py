"""Finds an instance that takes a request, and says why where none does."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from gateway import answers, exchange, headers, metrics
from gateway.body import Body, ClientGone, Receive, Send
from gateway.budget import FLOOR_PER_SECOND, Budget
from gateway.discovery import Discovery
from gateway.exchange import Request, Unavailable
from gateway.pool import Upstream
from gateway.routing import ROUTES, Route
from gateway.tries import Tries, repeatable
from gateway.under_way import StillUnderWay, UnderWay
from gateway.upstream import ConnectionLost, NoConnection, TooBusy, TooSlow, UpstreamError
from service import preferences, problems
from service.problems import Problem

logger = logging.getLogger(__name__)
RETRY_AFTER = {"Retry-After": "2"}


class Proxy:
    """Passes requests on to instances that `discovery` knows; they have `timeout` seconds to begin their answer.

    `workers`: how many processes this gateway is; each has its share of what all together may send again.
    """

    def __init__(self, discovery: Discovery, *, timeout: float, workers: int = 1) -> None:
        self._discovery, self._timeout = discovery, timeout
        self._budgets = {route.id: Budget(floor=FLOOR_PER_SECOND / workers) for route in ROUTES}

    async def forward(
        self, route: Route, path: bytes, scope: Mapping[str, Any], receive: Receive, send: Send
    ) -> None:
        """Serve the request from an instance of the route's service, or answer with a problem."""
        incoming, patience = headers.read(scope["headers"]), self._patience(route, scope)
        may_repeat, budget = repeatable(scope), self._budgets[route.id]
        body = Body(incoming, receive, keep=may_repeat)
        budget.request()
        request = Request(
            route=route,
            path=path,
            scope=scope,
            incoming=incoming,
            body=body,
            tries=Tries(budget, body, repeatable=may_repeat),
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
        if request.tries.denied:
            metrics.BY_ROUTE[route.id].denied.inc()

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
        while True:
            upstream = await self._choose(request)
            try:
                await self._through(upstream, request, send, patience)
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
            patience = request.deadline - asyncio.get_running_loop().time()
            if patience <= 0:
                _go_on(request, TooSlow("No time was left for another try."))

    async def _choose(self, request: Request) -> Upstream:
        instances = await self._discovery.instances(request.route.service)
        chosen = request.tries.next(instances, asyncio.get_running_loop().time())
        if chosen is None:
            raise NoConnection(f"{request.tries.tried} of {len(instances)} known instances took no connection")
        return chosen

    async def _through(self, upstream: Upstream, request: Request, send: Send, patience: float) -> None:
        connection = await upstream.acquire(patience, fresh=request.tries.fresh)
        try:
            await exchange.over(connection, upstream, request, send, patience)
        except UpstreamError as error:
            if _is_its_fault(error, request, patience):
                upstream.breaker.failed(asyncio.get_running_loop().time())
            raise
        finally:
            upstream.release(connection)


def _is_its_fault(error: UpstreamError, request: Request, patience: float) -> bool:
    """Whether the instance failed: not where it ended an idle connection, or had little time left."""
    if isinstance(error, TooSlow):
        return patience * 2 >= request.patience
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
        raise error


def _has(scope: Mapping[str, Any], field: bytes) -> bool:
    return any(name == field for name, _ in scope["headers"])


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
