"""The gateway and the users service with nothing counted, to compare with: for gunicorn, as `gateway` and `users`."""

import os
from typing import Any

from prometheus_client import Counter, Gauge, Histogram


def _nothing(self: Any, *arguments: Any) -> None:
    """Count nothing."""


for _kind, _names in ((Counter, ("inc",)), (Gauge, ("set", "inc", "dec")), (Histogram, ("observe",))):
    for _name in _names:
        setattr(_kind, _name, _nothing)


def load() -> Any:
    """The application of DJANGO_SETTINGS_MODULE, without the middleware that counts requests."""
    if os.environ["DJANGO_SETTINGS_MODULE"] == "gateway.settings":
        from gateway.asgi import application

        return application
    from config import settings

    settings.MIDDLEWARE.remove("service.http_metrics.RequestMetricsMiddleware")
    from users.wsgi import application as users

    return users


application = load()
