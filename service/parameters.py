"""Numbers in paths and queries: read strictly, refused with the name of what is wrong."""

import re
from datetime import UTC, datetime

from django.http import HttpRequest

from service.problems import Problem

MAX_ID = 2**63 - 1
_INTEGER = re.compile(r"[+-]?[0-9]{1,64}\Z", re.ASCII)


def _refuse(name: str, message: str) -> Problem:
    return Problem(400, f"{name} {message}.", errors=[{"field": name, "message": message}])


def integer(text: str, name: str) -> int:
    """A signed 64-bit integer in decimal digits. Raises Problem 400."""
    if not _INTEGER.match(text):
        raise _refuse(name, "must be a whole number")
    value = int(text)
    if not -MAX_ID - 1 <= value <= MAX_ID:
        raise _refuse(name, "must fit into 64 bits")
    return value


def positive(text: str, name: str) -> int:
    """A signed 64-bit integer above 0. Raises Problem 400."""
    value = integer(text, name)
    if value < 1:
        raise _refuse(name, "must be positive")
    return value


def required_id(request: HttpRequest, name: str) -> int:
    """A query parameter that is an id: there, a number, positive, in 64 bits. Raises Problem 400."""
    text = request.GET.get(name)
    if text is None:
        raise _refuse(name, "is missing")
    return positive(text, name)


def moment(request: HttpRequest, name: str) -> datetime | None:
    """A query parameter that is a time in ISO 8601, in UTC where it has no offset; None where it is not there.

    Raises Problem 400. A `+` that was not escaped arrives as a blank, and is taken for what it was.
    """
    text = request.GET.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refuse(name, "must be a time in ISO 8601") from None


def text(request: HttpRequest, name: str, *, most: int) -> str | None:
    """A query parameter that is text of at most `most` characters, without NUL; None where it is not there.

    Raises Problem 400.
    """
    value = request.GET.get(name)
    if value is not None and (len(value) > most or "\0" in value):
        raise _refuse(name, f"must be text of at most {most} characters")
    return value


def limit(request: HttpRequest, *, default: int, most: int) -> int:
    """The query parameter `limit`, from 1 to `most`. Raises Problem 400."""
    text = request.GET.get("limit")
    if text is None:
        return default
    value = integer(text, "limit")
    if not 1 <= value <= most:
        raise _refuse("limit", f"must be from 1 to {most}")
    return value
