"""Single members of what clients send: checked, and in one form. JSON has numbers and booleans where XML has text;
both are taken. All raise Problem 400 with the name of the member that is wrong."""

import re
from collections.abc import Mapping
from typing import Any

from registry.instance import STATUSES
from service.problems import Problem

MAX_VALUE = 8_192
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
# Names and addresses as they stand in URLs: no user, no path, no second port can be smuggled into one.
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", re.ASCII)
# What neither XML 1.0 nor PostgreSQL's text can hold: controls, surrogates, noncharacters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def bad(field: str, message: str) -> Problem:
    """The problem that a member is."""
    return Problem(400, f"{field} {message}.", errors=[{"field": field, "message": message}])


def text(entry: Mapping[str, Any], name: str, *, most: int = 2_000, required: bool = False) -> str:
    """Printable text; "" where there is none."""
    value = entry.get(name)
    if value is None or value == "":
        if required:
            raise bad(name, "is missing")
        return ""
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise bad(name, f"must be printable text of at most {most} characters")
    return value


def host(entry: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    """A host's name or address; "" where there is none."""
    value = text(entry, name, most=253, required=required)
    if value and not _HOST.fullmatch(value):
        raise bad(name, "must be a host's name or address")
    return value


def whole(value: Any, name: str, *, low: int, high: int) -> int:
    """A whole number, also as text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad(name, "must be a whole number")
    if not low <= value <= high:
        raise bad(name, f"must be from {low} to {high}")
    return value


def boolean(value: Any, name: str) -> str:
    """`true` or `false`, as the protocol writes them in JSON too: as text."""
    found = str(value).lower()
    if found not in {"true", "false"}:
        raise bad(name, "must be true or false")
    return found


def status(value: Any, name: str = "status") -> str:
    """One of Eureka's statuses."""
    if not isinstance(value, str) or value not in STATUSES:
        raise bad(name, f"must be one of {', '.join(sorted(STATUSES))}")
    return value


def members(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object; empty where there is none (an element without content, in XML, is empty text)."""
    value = entry.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise bad(name, "must be an object")
    return value


def metadata(given: Mapping[str, Any]) -> dict[str, str]:
    """Names and values as text, without the class that Java's clients give for an empty map."""
    return {name: _value(name, value) for name, value in given.items() if name != "@class"}


def _value(name: str, value: Any) -> str:
    if not name or len(name) > 200 or not name.isprintable():
        raise bad("metadata", "must have printable names of 1 to 200 characters")
    if isinstance(value, bool | int | float):
        value = str(value).lower()
    if value is None:
        value = ""
    if not isinstance(value, str) or len(value) > MAX_VALUE or _UNWRITABLE.search(value):
        raise bad(f"metadata.{name}", f"must be text of at most {MAX_VALUE} characters, without control characters")
    return value
