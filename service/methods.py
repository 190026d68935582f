"""Which methods a view answers that is none of the API's: everything else is a problem, whoever asks."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from service.problems import response

View = Callable[..., HttpResponse]


def safe_only(view: View) -> View:
    """GET and HEAD; 405 with `Allow` for all else.

    Not looked at for forgery: what changes nothing needs no such check, which would answer 403, and a page, instead.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            detail = f"Method {request.method} is not allowed."
            return response(request, 405, detail, headers={"Allow": "GET, HEAD"})
        return view(request, *args, **named)

    return csrf_exempt(checked)
