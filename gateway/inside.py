"""The gateway's other door, METRICS_PORT, for those who run it: metrics, health with its details, and the routes with
every instance of each."""

import asyncio

import orjson
from prometheus_client import CONTENT_TYPE_LATEST

from gateway import metrics, standing, views
from gateway.body import Receive, Send
from gateway.routing import ROUTES
from gateway.target import Scope
from service import health
from service.metrics import exposition

NOTHING = (404, "text/plain", b"There is nothing here.\n")


def _metrics() -> tuple[int, str, bytes]:
    return 200, CONTENT_TYPE_LATEST, exposition()


def _detail() -> tuple[int, str, bytes]:
    status, body = health.detail()
    return status, "application/json", body


def _routes() -> tuple[int, str, bytes]:
    told = [views.described(route) | {"instances": standing.instances(route)} for route in ROUTES]
    return 200, "application/json", orjson.dumps(told)


PAGES = {
    "/actuator/prometheus": _metrics,
    "/actuator/health/detail": _detail,
    "/actuator/gateway/routes": _routes,
}


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """One request. The answer is made in a thread, so that clients' requests do not wait for it."""
    metrics.hand_on()
    page = PAGES.get(scope["path"])
    status, content_type, body = NOTHING if page is None else await asyncio.to_thread(page)
    fields = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
