"""What the gateway tells of itself."""

import json

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.test import Client, RequestFactory

from gateway import views
from gateway.routing import ROUTES
from service import health
from tests.contract import shapes


def test_every_route_is_told_as_spring_tells_it() -> None:
    told = json.loads(views.routes(RequestFactory().get("/")).content)
    shapes.routes(told)
    assert [route["route_id"] for route in told] == [route.id for route in ROUTES]
    assert {"route_id", "uri", "predicate", "predicates", "filters", "order"} <= told[0].keys()


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_routes_are_only_read(method: str) -> None:
    assert views.routes(getattr(RequestFactory(), method)("/")).status_code == 405


def test_the_asyncapi_document_is_served_with_its_tag() -> None:
    answer = Client().get("/docs/asyncapi.json")
    assert answer.headers["Content-Type"] == "application/vnd.aai.asyncapi+json;version=3.0.0"
    assert json.loads(answer.content)["asyncapi"] == "3.0.0"
    tag = answer.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = Client().get("/docs/asyncapi.json", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert "Content-Length" not in again.headers
    assert Client().get("/docs/asyncapi.json", headers={"If-None-Match": '"other"'}).status_code == 200
    assert Client().post("/docs/asyncapi.json").status_code == 405


def test_without_a_database_none_is_asked_even_when_django_has_looked_for_it() -> None:
    assert connections.settings["default"]["ENGINE"] == "django.db.backends.dummy"
    assert settings.DATABASES, "it is this dummy that must not be taken for a database"
    apps.get_app_config("service").ready()
    assert "database" not in health.failures()


def test_what_it_answers_has_a_length() -> None:
    for path in ("/actuator/gateway/routes", "/nowhere"):
        answer = Client().get(path)
        assert answer.headers["Content-Length"] == str(len(answer.content))


def test_what_a_client_says_about_tls_is_not_believed() -> None:
    request = RequestFactory().get("/", headers={"X-Forwarded-Proto": "https"})
    assert not request.is_secure()
