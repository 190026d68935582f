"""What the gateway tells of itself."""

import json

import pytest
from django.test import RequestFactory

from gateway import views
from gateway.routing import ROUTES
from tests.contract import shapes


def test_every_route_is_told_as_spring_tells_it() -> None:
    told = json.loads(views.routes(RequestFactory().get("/")).content)
    shapes.routes(told)
    assert [route["route_id"] for route in told] == [route.id for route in ROUTES]
    assert {"route_id", "uri", "predicate", "predicates", "filters", "order"} <= told[0].keys()


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_routes_are_only_read(method: str) -> None:
    assert views.routes(getattr(RequestFactory(), method)("/")).status_code == 405
