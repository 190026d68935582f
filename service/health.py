"""`/actuator/health`: UP while everything that the service cannot do without answers.

A service's app registers what it needs: `health.register("database", check)`; a check raises when its part is down.
"""

import logging
from collections.abc import Callable
from typing import Any

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse

from service.methods import safe_only

logger = logging.getLogger(__name__)
Check = Callable[[], None]
UP = {"status": "UP"}
_checks: dict[str, Check] = {}
_details: dict[str, Callable[[], Any]] = {}


def register(name: str, check: Check) -> None:
    """Have `check` decide about the service's health too; under a name already there it replaces that one."""
    _checks[name] = check


def register_detail(name: str, tell: Callable[[], Any]) -> None:
    """Have `tell` say something (as JSON) in the details; it decides nothing, and may raise."""
    _details[name] = tell


def database() -> None:
    """Raises where PostgreSQL does not answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def failures() -> dict[str, str]:
    """What is down, by name, with what it said; empty when the service is up."""
    found: dict[str, str] = {}
    for name, check in _checks.items():
        try:
            check()
        except Exception as error:  # noqa: BLE001 -- whatever a part says, it is down; it is told and logged
            found[name] = _said(error)
    return found


def detail() -> tuple[int, bytes]:
    """Status and JSON: each check with its state and why, and what else the service has to tell. Health is UP or DOWN
    by the checks alone."""
    down = failures()
    document = {
        "status": "DOWN" if down else "UP",
        "checks": {name: {"status": "DOWN", "why": down[name]} if name in down else UP for name in _checks},
        "details": {name: _told(tell) for name, tell in _details.items()},
    }
    return 503 if down else 200, orjson.dumps(document, default=str)


def _told(tell: Callable[[], Any]) -> Any:
    try:
        return tell()
    except Exception as error:  # noqa: BLE001 -- what cannot be told is told as that
        return {"unknown": _said(error)}


def _said(error: Exception) -> str:
    return str(error).strip() or type(error).__name__


@safe_only
def view(request: HttpRequest) -> HttpResponse:
    """200 `{"status":"UP"}` or 503 `{"status":"DOWN"}`."""
    down = failures()
    if down:
        logger.warning("Not healthy: %s", down)
        return HttpResponse(b'{"status":"DOWN"}', status=503, content_type="application/json")
    return HttpResponse(b'{"status":"UP"}', content_type="application/json")


@safe_only
def liveness(request: HttpRequest) -> HttpResponse:
    """200: this process answers. Asks nobody else, for to end it would mend nothing of what is down elsewhere."""
    return HttpResponse(b'{"status":"UP"}', content_type="application/json")


@safe_only
def detail_view(request: HttpRequest) -> HttpResponse:
    """Health with its details, for those who run the service: the gateway lets nobody through to it."""
    status, body = detail()
    return HttpResponse(body, status=status, content_type="application/json")
