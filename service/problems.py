"""One error shape for the whole system: `application/problem+json` (RFC 9457), with the members that the
reference system's clients look for beside it (`timestamp`, `path`, `status`, `error`, `requestId`)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from service import clock, context

MEDIA_TYPE = "application/problem+json"

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


def _field_errors(detail: Any, prefix: str = "") -> list[dict[str, str]]:
    if isinstance(detail, Mapping):
        return [row for name, inner in detail.items() for row in _field_errors(inner, f"{prefix}{name}.")]
    if isinstance(detail, list):
        return [row for inner in detail for row in _field_errors(inner, prefix)]
    return [{"field": prefix.removesuffix(".").removesuffix(".non_field_errors"), "message": str(detail)}]


def _as_problem(error: Exception) -> Problem | None:
    """The problem that an exception stands for; None for one that nobody expected."""
    match error:
        case Problem():
            return error
        case Http404():
            return Problem(404, str(error) or "There is nothing here.")
        case PermissionDenied():
            return Problem(403, "Not allowed.")
        case exceptions.ValidationError():
            return Problem(400, "The request is not valid.", errors=_field_errors(error.detail))
        case exceptions.APIException():
            return Problem(error.status_code, str(error.detail))
        case _:
            return None


def exception_handler(error: Exception, environ: Mapping[str, Any]) -> Response | HttpResponse | None:
    """DRF's hook: a known exception becomes a problem document, another goes on to `handler500`."""
    problem = _as_problem(error)
    if problem is None:
        return None
    set_rollback()
    headers = dict(problem.headers)
    view, request = environ["view"], environ["request"]
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(view.allowed_methods)
    if problem.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        headers["Accept"] = "application/json"
    return response(
        request,
        problem.status,
        problem.detail,
        errors=problem.errors,
        headers=headers,
        type_uri=problem.type_uri,
    )


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
