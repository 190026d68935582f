"""The gateway for an ASGI server: `gunicorn -c service/gunicorn.py gateway.asgi` with WEB_PROTOCOL=asgi."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")

from django.core.asgi import get_asgi_application

from config import environment
from gateway import standing
from gateway.application import Application
from gateway.deadline import by_route
from gateway.discovery import Discovery
from gateway.edge import Edge
from gateway.proxy import Proxy
from service import health

_discovery = Discovery.from_environment()
_proxy = Proxy(
    _discovery,
    timeouts=by_route(environment.items("GATEWAY_TIMEOUTS"), environment.integer("GATEWAY_TIMEOUT_SECONDS")),
    workers=environment.integer("WEB_WORKERS"),
)
application = Application(
    get_asgi_application(),
    _proxy,
    _discovery,
    Edge.from_environment(),
    inside_port=environment.integer("METRICS_PORT"),
)
health.register("discovery", _discovery.check)
health.register_detail("instances", _discovery.described)
standing.follow(_discovery.known)
