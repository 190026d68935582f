"""One service's part of the document, as JSON: `python -m docs.openapi.service`, under the service's settings.

A process of its own, for Django has one project's settings in a process.
"""

import importlib
import json
import re
import sys
from typing import Any

import django
from django.conf import settings
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import spectacular_settings
from rest_framework.views import APIView

from docs.openapi.operations import OPERATIONS, Operation
from docs.openapi.shapes import NAME, Schema

SPECTACULAR = {"OAS_VERSION": "3.1.0", "POSTPROCESSING_HOOKS": [], "SCHEMA_PATH_PREFIX": ""}


class Undescribed(Exception):
    """Code and description do not fit together; the message says where."""


class Described(AutoSchema):
    """What drf-spectacular cannot see in a view comes from the table of operations."""

    def get_operation_id(self) -> str:
        """A name that no other operation has; the table's takes its place."""
        return f"{self.method} {self.path}"

    def get_request_serializer(self) -> Any:
        """What reads the body; None where there is none."""
        described = OPERATIONS[settings.SERVICE].get(f"{self.method} {documented(self.path)}")
        return _loaded(described.serializer) if described and described.serializer else None

    def get_response_serializers(self) -> Any:
        """None: answers are no serializer's."""
        return None


class NameField(OpenApiSerializerFieldExtension):
    """The users service's own field."""

    target_class = "users.serializers.NameField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        """Its schema."""
        return NAME


def part(service: str) -> dict[str, Any]:
    """Paths and schemas of the service whose settings are loaded. Raises Undescribed."""
    found = SchemaGenerator().get_schema(public=True)
    if GENERATOR_STATS:
        raise Undescribed(f"drf-spectacular cannot read all of {service}; it says above why.")
    table = OPERATIONS[service]
    operations = {
        f"{method.upper()} {documented(path)}": operation
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    }
    if differing := table.keys() ^ operations.keys():
        raise Undescribed(f"{service} and docs/openapi/operations.py differ in {', '.join(sorted(differing))}.")
    paths: dict[str, Any] = {}
    for name, operation in operations.items():
        method, _, path = name.partition(" ")
        paths.setdefault(path, {})[method.lower()] = completed(operation, table[name], service)
    return {"paths": paths, "schemas": found.get("components", {}).get("schemas", {})}


def documented(path: str) -> str:
    """A path or a name as the reference has it: `{userId}` for `{user_id}`."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), path)


def completed(operation: dict[str, Any], described: Operation, service: str) -> dict[str, Any]:
    """An operation as its view tells it, with what the table has."""
    places = [
        {**one, "name": documented(one["name"]), "schema": described.path} for one in operation.get("parameters", ())
    ]
    named = [
        {"$ref": f"#/components/parameters/{name}"} for name in (*described.parameters, "RequestId", "Traceparent")
    ]
    whole = {
        "operationId": described.id,
        "summary": _spaced(described.id),
        "description": operation["description"],
        "tags": [service],
        "parameters": [*places, *described.query, *named],
        "responses": described.answers(),
    }
    if described.body is not None:
        content = {"application/json": {"schema": described.body}}
        whole["requestBody"] = {"required": True, "content": content}
    return whole


def _spaced(name: str) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return words[0].upper() + words[1:]


def _loaded(name: str) -> Any:
    module, _, member = name.rpartition(".")
    return getattr(importlib.import_module(module), member)


def main() -> None:
    """Writes the part to standard output."""
    django.setup()
    APIView.schema = Described()
    spectacular_settings.apply_patches(SPECTACULAR)
    json.dump(part(settings.SERVICE), sys.stdout)


if __name__ == "__main__":
    main()
