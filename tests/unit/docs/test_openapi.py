"""The OpenAPI document: valid by OpenAPI's own schema, complete, with answers for everything that can happen."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from docs.openapi import document
from docs.openapi.answers import ALWAYS
from gateway.routing import ROUTES
from service import problems

DOCUMENT: dict[str, Any] = json.loads(Path(document.FILE).read_text("utf-8"))
COMMANDS = {"createUser", "updateUser", "deleteUser", "addFriend", "removeFriend"}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with its path."""
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            yield path, operation


def _fields(operation: dict[str, Any]) -> set[str]:
    components = DOCUMENT["components"]["parameters"]
    return {
        (components[one["$ref"].split("/")[-1]] if "$ref" in one else one)["name"] for one in operation["parameters"]
    }


def test_it_is_valid_by_openapis_own_schema() -> None:
    validate(DOCUMENT, cls=OpenAPIV31SpecValidator)
    with pytest.raises(OpenAPIValidationError):
        validate({name: value for name, value in DOCUMENT.items() if name != "info"}, cls=OpenAPIV31SpecValidator)


def test_every_route_has_operations_under_its_prefix() -> None:
    prefixes = {f"/{route.prefix}" for route in ROUTES}
    served = {path for path in DOCUMENT["paths"] if any(path.startswith(f"{prefix}/") for prefix in prefixes)}
    assert {"/" + path.split("/")[1] for path in served} == prefixes
    assert DOCUMENT["paths"].keys() - served == {
        "/actuator/health",
        "/actuator/health/liveness",
        "/actuator/health/readiness",
        "/actuator/gateway/routes",
    }


def test_a_service_can_be_away_busy_or_limited_in_every_operation_of_it() -> None:
    for path, operation in operations():
        if "/v1/" in path:
            assert {str(status) for status in ALWAYS} <= operation["responses"].keys(), path


def test_commands_can_be_asked_again_and_reads_be_conditional() -> None:
    told = {operation["operationId"]: _fields(operation) for path, operation in operations() if "/v1/" in path}
    assert {name for name, named in told.items() if "Idempotency-Key" in named} == COMMANDS
    feeds = {name for name in told if name.endswith("Feed")}
    assert {name for name, named in told.items() if "If-None-Match" in named} == told.keys() - COMMANDS - feeds


def test_the_type_of_every_problem_is_told() -> None:
    types = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert {"about:blank", problems.COMMAND_IN_PROGRESS} <= set(types)


def test_links_name_operations_and_parameters_that_are_there() -> None:
    known = {
        operation["operationId"]: _fields(operation) for _, operation in operations() if "parameters" in operation
    }
    links = [
        link
        for _, operation in operations()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert len(links) > 10
    for link in links:
        assert set(link["parameters"]) <= known[link["operationId"]], link
