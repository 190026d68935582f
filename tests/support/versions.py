"""A second version of USER_CREATED, in tests only: from it on, last names are written in capitals."""

from dataclasses import replace
from typing import Any

import pytest

from eventsourcing import schema_registry

TYPE = "USER_CREATED"


def in_capitals(subject: dict[str, Any]) -> dict[str, Any]:
    """From the first version to the second."""
    return subject | {"lastName": subject["lastName"].upper()}


def ship_second_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process know it, with what brings the first one up; until the test ends."""
    first = schema_registry.find(TYPE, 1)
    properties = first.schema["properties"] | {"lastName": {"type": "string", "pattern": "^[^a-z]+$"}}
    second = replace(first, version=2, schema={**first.schema, "x-version": 2, "properties": properties})
    monkeypatch.setattr(schema_registry, "_types", dict(schema_registry._types))
    schema_registry.register(replace(first, upcast=in_capitals), second)
