"""Views that only read: what else is asked of them is refused as a problem, never as a page."""

import json

import pytest
from django.test import Client

READ_ONLY = ("/actuator/health", "/actuator/health/liveness", "/actuator/health/detail", "/actuator/prometheus")


@pytest.mark.parametrize("path", READ_ONLY)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "QUERY", "OPTIONS"])
def test_another_method_is_refused_with_those_that_are_right(path: str, method: str) -> None:
    """Without cookies, as clients ask: Django's check for forgery would refuse them first, and with a page."""
    answer = Client(enforce_csrf_checks=True).generic(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (405, "application/problem+json")
    assert answer.headers["Allow"] == "GET, HEAD"
    assert json.loads(answer.content)["detail"] == f"Method {method} is not allowed."
