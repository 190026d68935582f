"""What happens around every request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from service import context, tracing


class RequestContextMiddleware:
    """Gives each request its id and trace, carries on those that the gateway sent, returns the id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request inside its own context."""
        parent = context.valid_traceparent(request.headers.get("traceparent")) or ""
        with tracing.span(f"{request.method}", tracing.SERVER, parent) as opened:
            begun = context.RequestContext(
                request_id=context.valid_request_id(request.headers.get("X-Request-Id")) or str(context.new_id()),
                traceparent=opened.traceparent,
            )
            context.begin(begun)
            response = self.get_response(request)
            opened.answered(response.status_code, f"{request.method} {route_of(request)}")
            response["X-Request-Id"] = begun.request_id
            return response


def route_of(request: HttpRequest) -> str:
    """The pattern that a request's path matched: one of few, whatever stands in the path."""
    return f"/{request.resolver_match.route}" if request.resolver_match else "unknown"
