"""The gateway's other door, METRICS_PORT, for those who run it: metrics, and health with its details."""

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST

from gateway import metrics
from gateway.body import Receive, Send
from gateway.target import Scope
from service import health
from service.metrics import exposition

NOTHING = (404, "text/plain", b"There is nothing here.\n")


def _metrics() -> tuple[int, str, bytes]:
    return 200, CONTENT_TYPE_LATEST, exposition()


def _detail() -> tuple[int, str, bytes]:
    status, body = health.detail()
    return status, "application/json", body


PAGES = {"/actuator/prometheus": _metrics, "/actuator/health/detail": _detail}


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """One request. The answer is made in a thread, so that clients' requests do not wait for it."""
    metrics.hand_on()
    page = PAGES.get(scope["path"])
    status, content_type, body = NOTHING if page is None else await asyncio.to_thread(page)
    fields = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
