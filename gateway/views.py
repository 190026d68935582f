"""What the gateway tells of itself, and of what can be had behind it."""

import hashlib
from pathlib import Path

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import condition, require_safe

from gateway.routing import ROUTES, Route

# Made from the services' declarations by docs/generate.py: the gateway knows nothing of events.
ASYNCAPI = (Path(__file__).parent / "documents" / "asyncapi.json").read_bytes()
ASYNCAPI_TAG = f'"{hashlib.sha256(ASYNCAPI).hexdigest()[:32]}"'
# https://www.asyncapi.com/docs/reference/specification/v3.0.0
ASYNCAPI_TYPE = "application/vnd.aai.asyncapi+json;version=3.0.0"


def described(route: Route) -> dict[str, object]:
    """The route as Spring Cloud Gateway's actuator tells it: `predicate` is its text, `predicates` its parts.

    https://docs.spring.io/spring-cloud-gateway/reference/spring-cloud-gateway-server-webflux/actuator-api.html
    """
    pattern = f"/{route.prefix}/**"
    return {
        "route_id": route.id,
        "uri": f"lb://{route.service}",
        "predicate": f"Paths: [{pattern}], match trailing slash: true",
        "predicates": [{"name": "Path", "args": {"patterns": pattern}}],
        "filters": ["[[StripPrefix parts = 1], order = 1]"],
        "metadata": {},
        "order": route.order,
    }


@require_safe
def routes(request: HttpRequest) -> JsonResponse:
    """All routes, in the order in which they are tried."""
    return JsonResponse([described(route) for route in ROUTES], safe=False)


@require_safe
@condition(etag_func=lambda request: ASYNCAPI_TAG)
def asyncapi(request: HttpRequest) -> HttpResponse:
    """The published events as an AsyncAPI document; 304 to who has it."""
    return HttpResponse(ASYNCAPI, content_type=ASYNCAPI_TYPE, headers={"Cache-Control": "no-cache"})
