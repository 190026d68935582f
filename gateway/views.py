"""What the gateway tells of itself."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from gateway.routing import ROUTES, Route


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
