"""What happens around every request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from service import context


class RequestContextMiddleware:
    """Gives each request its id and trace, carries on those that the gateway sent, returns the id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request inside its own context."""
        begun = context.RequestContext(
            request_id=context.valid_request_id(request.headers.get("X-Request-Id")) or str(context.new_id()),
            traceparent=context.valid_traceparent(request.headers.get("traceparent")) or context.new_traceparent(),
        )
        context.begin(begun)
        response = self.get_response(request)
        response["X-Request-Id"] = begun.request_id
        return response
