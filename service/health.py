"""`/actuator/health`: UP while everything that the service cannot do without answers.

A service's app registers what it needs: `health.register("database", check)`; a check raises when its part is down.
"""

import logging
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)
Check = Callable[[], None]
_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Have `check` decide about the service's health too; under a name already there it replaces that one."""
    _checks[name] = check


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
            found[name] = str(error) or type(error).__name__
    return found


def view(request: HttpRequest) -> HttpResponse:
    """200 `{"status":"UP"}` or 503 `{"status":"DOWN"}`."""
    down = failures()
    if down:
        logger.warning("Not healthy: %s", down)
        return HttpResponse(b'{"status":"DOWN"}', status=503, content_type="application/json")
    return HttpResponse(b'{"status":"UP"}', content_type="application/json")


def liveness(request: HttpRequest) -> HttpResponse:
    """200: this process answers. Asks nobody else, for to end it would mend nothing of what is down elsewhere."""
    return HttpResponse(b'{"status":"UP"}', content_type="application/json")
