"""What the gateway counts.

On the way of a request only numbers of the event loop's own are touched: what all workers share, with its lock and
its file, would cost the cheapest requests some five per cent. They are handed on every two seconds, with the look at
the registry, and when this worker is scraped; a worker that is killed takes that much with it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

from gateway.breaker import State
from gateway.pool import Upstream
from gateway.routing import ROUTES, Route
from service import metrics

WHERE = "gateway web"
OWN = "gateway"
CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
FAILURES = ("no_instance", "too_busy", "too_slow", "under_way", "broken", "client_gone")

RESPONSES = metrics.counter(
    "gateway_responses_total",
    "Responses by route (`gateway`: its own, and what belongs to no route) and class of status.",
    ["route", "status"],
    where=WHERE,
)
UPSTREAM_SECONDS = metrics.histogram(
    "gateway_upstream_latency_seconds",
    "Seconds from sending a request to an instance until the head of its answer.",
    ["route"],
    where=WHERE,
)
RETRIES = metrics.counter(
    "gateway_retries_total",
    "Requests tried again, by why: `refused`, the instance took no connection; `lost`, it ended without an answer; "
    "`unavailable`, the answer was 502, 503 or 504; `under_way`, the same command was not answered yet.",
    ["route", "reason"],
    where=WHERE,
)
DENIED = metrics.counter(
    "gateway_retries_denied_total",
    "Requests that another instance might have answered, not tried again because the budget was used up.",
    ["route"],
    where=WHERE,
)
EJECTIONS = metrics.counter(
    "gateway_ejections_total",
    "Times that an instance's breaker opened, by why: `refused`, it took no connection; `failures`, several answers "
    "in a row were 5xx, broken or too late.",
    ["route", "reason"],
    where=WHERE,
)
BREAKERS = metrics.gauge(
    "gateway_breakers",
    "Instances by what their breakers let through: `closed`, all requests; `half_open`, one at a time; `open`, none. "
    "Each worker has its own; this is their sum.",
    ["route", "state"],
    where=WHERE,
)
RATE_LIMITED = metrics.counter(
    "gateway_rate_limited_total", "Requests refused (429), because their client's quota was used up.", where=WHERE
)
FAILED = metrics.counter(
    "gateway_failures_total",
    "Requests that no instance answered, by why: " + ", ".join(f"`{kind}`" for kind in FAILURES) + ".",
    ["route", "kind"],
    where=WHERE,
)
IN_FLIGHT = metrics.gauge(
    "gateway_requests_in_flight", "Requests that an instance is at work on.", ["route"], where=WHERE
)
IDLE = metrics.gauge("gateway_idle_connections", "Kept connections to instances.", ["route"], where=WHERE)
INSTANCES = metrics.gauge(
    "gateway_instances", "Instances of the route's service that are up.", ["route"], where=WHERE, mode="livemin"
)
REGISTRY_ANSWERS = metrics.gauge(
    "gateway_registry_answers",
    "1: a registry answered when it was last asked, or there is none to ask; 0: none did.",
    where=WHERE,
    mode="livemin",
)


class Of:
    """The children of one route."""

    def __init__(self, route: str) -> None:
        self._responses = [RESPONSES.labels(route, name) for name in CLASSES]
        self._upstream = UPSTREAM_SECONDS.labels(route)
        self._answered = [0] * len(CLASSES)
        self._taken = [0] * (len(metrics.LATENCY) + 1)
        self._seconds = 0.0
        self.refused, self.lost = RETRIES.labels(route, "refused"), RETRIES.labels(route, "lost")
        self.under_way, self.unavailable = RETRIES.labels(route, "under_way"), RETRIES.labels(route, "unavailable")
        self.denied = DENIED.labels(route)
        self._ejections = {reason: EJECTIONS.labels(route, reason) for reason in ("refused", "failures")}
        self._breakers = {state: BREAKERS.labels(route, state.value) for state in State}
        self.failures = {kind: FAILED.labels(route, kind) for kind in FAILURES}
        self._in_flight, self._idle = IN_FLIGHT.labels(route), IDLE.labels(route)
        self._instances = INSTANCES.labels(route)

    def answered(self, status: int) -> None:
        """A response with this status was begun."""
        # Three digits, an instance may say: what is no class of HTTP's is as bad as a 5xx.
        self._answered[min(status, 599) // 100 - 1] += 1

    def took(self, seconds: float) -> None:
        """An instance began its answer after so long."""
        self._taken[bisect_left(metrics.LATENCY, seconds)] += 1
        self._seconds += seconds

    def hand_on(self) -> None:
        """Give what was counted since the last time to what all workers share."""
        for child, number in zip(self._responses, self._answered, strict=True):
            child.inc(number)
        # prometheus_client has no way in for many observations at once.
        for bucket, number in zip(self._upstream._buckets, self._taken, strict=True):
            bucket.inc(number)
        self._upstream._sum.inc(self._seconds)
        self._answered, self._taken, self._seconds = [0] * len(self._answered), [0] * len(self._taken), 0.0

    def show(self, instances: Sequence[Upstream], now: float) -> None:
        """The state of a route's instances; `now` is the event loop's time."""
        states = Counter(one.breaker.state(now) for one in instances)
        for state, gauge in self._breakers.items():
            gauge.set(states[state])
        for one in instances:
            for reason, number in one.breaker.take_opened().items():
                self._ejections[reason].inc(number)
        self._instances.set(len(instances))
        self._in_flight.set(sum(one.outstanding for one in instances))
        self._idle.set(sum(one.idle for one in instances))


def of(routes: Iterable[Route]) -> dict[str, Of]:
    """The children of each route, by its id."""
    return {route.id: Of(route.id) for route in routes}


BY_ROUTE = of(ROUTES)


def hand_on() -> None:
    """The same of all routes; in the event loop's thread."""
    for one in BY_ROUTE.values():
        one.hand_on()


own_responses = [RESPONSES.labels(OWN, name) for name in CLASSES]


def answered_ourselves(status: int) -> None:
    """A response of the gateway's own was begun."""
    own_responses[status // 100 - 1].inc()
