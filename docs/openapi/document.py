"""The parts put together: every path with the gateway's prefix of its service."""

import json
import os
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from docs.openapi import answers, edge, fields, shapes
from docs.openapi.operations import OPERATIONS

BASE = Path(__file__).resolve().parents[2]
# The gateway serves it; it may not import what it is made from.
FILE = BASE / "gateway" / "documents" / "openapi.json"
PREFIXES = {"users": "user", "friends": "friend", "recommendations": "recommendation"}
DESCRIPTION = """\
Everything that a client can ask, through the gateway. Errors are problem documents (RFC 9457). Commands can be \
asked for again under an `Idempotency-Key`; who has changed something reads it with the `Consistency-Token` of \
that answer. The published events have [a document of their own](asyncapi.json).\
"""


class Broken(Exception):
    """A service's part cannot be made; the message is what it said."""


@cache
def text() -> str:
    """The document as its file has it. Raises Broken."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def document() -> dict[str, Any]:
    """The document as JSON values. Raises Broken."""
    parts = {service: part(service) for service in OPERATIONS}
    paths = {
        f"/{PREFIXES[service]}{path}": methods
        for service, one in parts.items()
        for path, methods in one["paths"].items()
    }
    paths |= {f"/{prefix}/actuator/health": edge.health(prefix) for prefix in PREFIXES.values()}
    schemas = shapes.schemas() | {name: schema for one in parts.values() for name, schema in one["schemas"].items()}
    return {
        "openapi": "3.1.1",
        "info": _info(),
        "servers": [{"url": "/", "description": "The gateway that serves this document."}],
        "tags": [{"name": name} for name in (*OPERATIONS, edge.TAG)],
        "paths": paths | edge.operations(),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "parameters": fields.PARAMETERS,
            "headers": fields.HEADERS,
            "responses": answers.RESPONSES,
        },
    }


def part(service: str) -> dict[str, Any]:
    """What a service's own process says of its API. Raises Broken."""
    settings = {"DJANGO_SETTINGS_MODULE": f"{service}.settings", "PYTHONPATH": str(BASE)}
    command = [sys.executable, "-m", "docs.openapi.service"]
    answer = subprocess.run(command, cwd=BASE, env=os.environ | settings, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise Broken(answer.stderr)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def _info() -> dict[str, Any]:
    project = tomllib.loads((BASE / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        "title": "Event-sourced social network",
        "version": project["version"],
        "description": DESCRIPTION,
        "license": {"name": "Apache License 2.0", "identifier": project["license"]},
    }
