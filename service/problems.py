"""One error shape for the whole system: `application/problem+json` (RFC 9457), with the members that the
reference system's clients look for beside it (`timestamp`, `path`, `status`, `error`, `requestId`)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from service import clock, context

MEDIA_TYPE = "application/problem+json"

# The same command, under the same Idempotency-Key, is under way: asked again later it is answered. The gateway does.
COMMAND_IN_PROGRESS = "/problems/command-in-progress"

FieldErrors = Sequence[Mapping[str, str]]


class Problem(Exception):
    """An answer that is an error: raise it anywhere below an API view."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: FieldErrors | None = None,
        headers: Mapping[str, str] | None = None,
        type_uri: str = "about:blank",
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.errors, self.headers, self.type_uri = errors, headers or {}, type_uri


def document(
    *,
    status: int,
    path: str,
    detail: str = "",
    request_id: str = "",
    errors: FieldErrors | None = None,
    type_uri: str = "about:blank",
) -> dict[str, Any]:
    """The problem document. `errors` lists what is wrong with each field: `{"field", "message"}`."""
    phrase = HTTPStatus(status).phrase
    body: dict[str, Any] = {
        "type": type_uri,
        "title": phrase,
        "status": status,
        "detail": detail or phrase,
        "instance": path,
        "timestamp": clock.iso(clock.now()),
        "path": path,
        "error": phrase,
        "requestId": request_id,
    }
    if errors:
        body["errors"] = list(errors)
    return body


def response(
    request: HttpRequest,
    status: int,
    detail: str = "",
    *,
    errors: FieldErrors | None = None,
    headers: Mapping[str, str] | None = None,
    type_uri: str = "about:blank",
) -> HttpResponse:
    """The problem as Django's response."""
    body = document(
        status=status,
        path=request.path,
        detail=detail,
        request_id=context.current().request_id,
        errors=errors,
        type_uri=type_uri,
    )
    return HttpResponse(orjson.dumps(body), status=status, content_type=MEDIA_TYPE, headers=dict(headers or {}))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return response(request, 400, "The request is not valid.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return response(request, 403, "Not allowed.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return response(request, 404, "There is nothing here.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500; the exception itself stands in the log beside the request's id."""
    return response(request, 500, "The service failed; its log has the details under this request's id.")
