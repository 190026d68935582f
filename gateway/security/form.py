"""What a request must be, beyond what the server before us has judged."""

from collections.abc import Mapping
from typing import Any

from service.problems import Problem

# Of a petabyte: nobody means more, and where lengths are kept in 64 bits none of this many digits is read as another.
LENGTH_DIGITS = 16


def check(scope: Mapping[str, Any]) -> None:
    """Raises Problem 400 without a Host (RFC 9112, 3.2), 413 for a length that is none of this world."""
    hosts = 0
    for name, value in scope["headers"]:
        if name == b"host":
            hosts += 1
        elif name == b"content-length" and len(value) > LENGTH_DIGITS:
            raise Problem(413, "The body is too long.")
    if hosts != 1 and scope["http_version"] != "1.0":
        raise Problem(400, "A request must have one Host.")
