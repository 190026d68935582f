"""DRF's errors as problems."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.views import set_rollback

from service.problems import Problem, response

logger = logging.getLogger(__name__)


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
        case OperationalError() | InterfaceError():
            # Said once in a line: the stack would say no more, for every request while the database is away.
            logger.error("The database does not answer: %s", str(error).strip().partition("\n")[0])
            return Problem(503, "The database does not answer.", headers={"Retry-After": "1"})
        case exceptions.ValidationError():
            return Problem(400, "The request is not valid.", errors=_field_errors(error.detail))
        case exceptions.APIException():
            return Problem(error.status_code, str(error.detail))
        case _:
            return None


def exception_handler(error: Exception, environ: Mapping[str, Any]) -> HttpResponse | None:
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
