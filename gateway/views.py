"""What the gateway tells of itself."""

from django.http import HttpRequest, JsonResponse

from gateway import standing
from gateway.routing import ROUTES, Route
from service.methods import safe_only


def described(route: Route) -> dict[str, object]:
    """The route as Spring Cloud Gateway's actuator tells it: `predicate` is its text, `predicates` its parts.

    Ours is how many instances it has. Their addresses are for those who run the system: see `gateway.inside`.

    https://docs.spring.io/spring-cloud-gateway/reference/spring-cloud-gateway-server-webflux/actuator-api.html
    """
    pattern = f"/{route.prefix}/**"
    return {
        "route_id": route.id,
        "uri": f"lb://{route.service}",
        "predicate": f"Paths: [{pattern}], match trailing slash: true",
        "predicates": [{"name": "Path", "args": {"patterns": pattern}}],
        "filters": ["[[StripPrefix parts = 1], order = 1]"],
        "metadata": {"instances": standing.usable(route)},
        "order": route.order,
    }


@safe_only
def routes(request: HttpRequest) -> JsonResponse:
    """All routes, in the order in which they are tried."""
    return JsonResponse([described(route) for route in ROUTES], safe=False)


@safe_only
def readiness(request: HttpRequest) -> JsonResponse:
    """Whether the gateway is ready, and which services can be reached through it."""
    status, document = standing.readiness()
    return JsonResponse(document, status=status)
