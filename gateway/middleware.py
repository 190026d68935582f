"""What happens around the requests that Django answers here."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse


class ContentLengthMiddleware:
    """Says how long an answer is, so that its end is known without chunks. Django's CommonMiddleware would too, and
    besides refuse the probes of a cluster, whose Host is an address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request, and measure."""
        response = self.get_response(request)
        # RFC 9110, 8.6: a 304 has no content, and must not say that what it stands for had none.
        if response.status_code != HTTPStatus.NOT_MODIFIED:
            response.setdefault("Content-Length", str(len(response.content)))
        return response
