"""docker/compose.yaml as Docker Compose reads it: with its override, merged, its variables put in."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from desktop.bootstrap import BASE
from docker import dotenv

FOLDER = BASE / "docker"
# ${NAME}, ${NAME:-default}, ${NAME:?message}
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")


def variables() -> dict[str, str]:
    """What a new docker/.env has."""
    text = dotenv.filled((FOLDER / ".env.example").read_text("utf-8"))
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def read(name: str, given: Mapping[str, str]) -> dict[str, Any]:
    """One file, its variables put in. Raises KeyError for one that has neither value nor default."""

    def value(found: re.Match[str]) -> str:
        return given[found[1]] if found[1] in given or found[2] is None else found[2]

    document = yaml.safe_load(VARIABLE.sub(value, (FOLDER / name).read_text("utf-8")))
    return {key: part for key, part in document.items() if not key.startswith("x-")}


@cache
def whole() -> Mapping[str, Any]:
    """Both files together."""
    given = variables()
    merged: Mapping[str, Any] = _merge(read("compose.yaml", given), read("compose.override.yaml", given))
    return merged


def _merge(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        both = below.keys() & above.keys()
        return below | above | {key: _merge(below[key], above[key]) for key in both}
    return [*below, *above] if isinstance(below, list) and isinstance(above, list) else above


def ours() -> dict[str, dict[str, Any]]:
    """By name, the containers that run an image of this project."""
    return {name: one for name, one in whole()["services"].items() if "/social-network-" in one["image"]}


def service_of(container: Mapping[str, Any]) -> str:
    """Whose image it runs."""
    return str(container["image"]).rpartition("/social-network-")[2].partition(":")[0]
