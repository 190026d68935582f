"""How the instances behind each route stand, as this worker sees them: for clients in numbers, for those who run the
system by their addresses."""

import time
from collections.abc import Callable, Sequence

from gateway.breaker import State
from gateway.pool import Upstream
from gateway.routing import ROUTES, Route
from service import health

Look = Callable[[str], Sequence[Upstream]]
_look: list[Look] = []


def follow(look: Look) -> None:
    """From now on ask `look` for what is known of a service."""
    _look[:] = [look]


def _known(route: Route) -> Sequence[Upstream]:
    return _look[0](route.service) if _look else ()


def _state(upstream: Upstream) -> State:
    # The event loops' clocks are this one, too (asyncio's, and libuv's).
    return upstream.breaker.state(time.monotonic())


def usable(route: Route) -> int:
    """To how many instances requests go: those that are up and not passed over."""
    return sum(_state(one) is not State.OPEN for one in _known(route))


def instances(route: Route) -> list[dict[str, object]]:
    """Each with its address, the requests that it has under way, and where its breaker stands."""
    return [
        {"address": one.authority.decode(), "outstanding": one.outstanding, "breaker": _state(one).value}
        for one in _known(route)
    ]


def readiness() -> tuple[int, dict[str, object]]:
    """Status and document: the gateway's own health decides, services are only told of."""
    counts = {route.id: usable(route) for route in ROUTES}
    services = {name: {"status": "UP" if count else "DOWN", "instances": count} for name, count in counts.items()}
    down = health.failures()
    return 503 if down else 200, {"status": "DOWN" if down else "UP", "services": services}
