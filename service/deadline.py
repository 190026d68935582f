"""Work that nobody waits for any more is not begun."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from service import clock, problems

HEADER = "X-Request-Deadline"


class DeadlineMiddleware:
    """Answers 504 to a request whose deadline is over: it waited for a free thread until the gateway had given up,
    and would take the time of one that somebody still waits for.

    The header is the gateway's, in milliseconds since 1970; without it, or with another value, there is no deadline.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request, if it is not too late."""
        text = request.headers.get(HEADER, "")
        if text.isascii() and text.isdigit() and len(text) < 20 and int(text) < clock.now().timestamp() * 1000:
            return problems.response(request, 504, "The time for this request was over before its turn came.")
        return self.get_response(request)
