"""The error shape."""

import json

import pytest
from django.db import OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView

from service import context, problems
from service.exceptions import exception_handler
from service.problems import Problem


def handled(error: Exception) -> tuple[int, dict[str, object], dict[str, str]]:
    request = RequestFactory().get("/v1/users/7")
    answer = exception_handler(error, {"view": APIView(), "request": Request(request)})
    assert answer is not None
    return answer.status_code, json.loads(answer.content), dict(answer.headers)


def test_the_document_has_the_standard_members_and_the_reference_systems() -> None:
    document = problems.document(status=404, path="/v1/users/7", detail="There is no user 7.", request_id="r-1")
    assert document["type"] == "about:blank"
    assert document["title"] == document["error"] == "Not Found"
    assert document["status"] == 404
    assert document["path"] == document["instance"] == "/v1/users/7"
    assert document["requestId"] == "r-1"
    assert str(document["timestamp"]).endswith("+00:00")


def test_the_response_carries_the_id_of_the_request_under_way() -> None:
    context.begin(context.RequestContext(request_id="r-2"))
    answer = problems.response(RequestFactory().get("/x"), 503, headers={"Retry-After": "1"})
    assert json.loads(answer.content)["requestId"] == "r-2"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Retry-After"] == "1"


def test_each_wrong_field_is_named() -> None:
    error = exceptions.ValidationError({"firstName": ["is missing"], "lastName": ["must be text"]})
    status, body, _ = handled(error)
    assert status == 400
    assert body["errors"] == [
        {"field": "firstName", "message": "is missing"},
        {"field": "lastName", "message": "must be text"},
    ]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Problem(409, "again"), 409),
        (Http404(), 404),
        (OperationalError("the server closed the connection"), 503),
        (exceptions.ParseError(), 400),
        (exceptions.UnsupportedMediaType("text/plain"), 415),
    ],
)
def test_known_exceptions_have_their_status(error: Exception, status: int) -> None:
    assert handled(error)[0] == status


def test_a_wrong_method_is_told_which_are_right() -> None:
    status, _, headers = handled(exceptions.MethodNotAllowed("DELETE"))
    assert status == 405
    assert "OPTIONS" in headers["Allow"]


def test_an_unexpected_exception_is_nobodys_answer() -> None:
    request = Request(RequestFactory().get("/"))
    assert exception_handler(ZeroDivisionError(), {"view": APIView(), "request": request}) is None
