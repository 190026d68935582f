"""A command that is under way already: the same client asked before, under the same key, and is not answered yet.

The service has done nothing with the second request. It says so by a problem type of its own and when to ask again;
the gateway does that in the client's place, for as long as it would wait for an answer anyway.
"""

import asyncio

import orjson

from gateway import headers
from gateway.upstream import Connection, UpstreamError
from service import problems

# A problem document is much smaller.
LARGEST = 16_384


class UnderWay(Exception):
    """The same command is under way; ask again in so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


class StillUnderWay(UpstreamError):
    """The time is over, and the last that was heard is that the same command is under way."""

    def __init__(self, seconds: int) -> None:
        super().__init__("the same command is under way")
        self.seconds = seconds


def likely(connection: Connection) -> bool:
    """Whether the answer's head can be that of such an answer: its body must tell."""
    return (
        connection.status == 409
        and _pause(connection) is not None
        and _field(connection, b"content-type").startswith(problems.MEDIA_TYPE.encode())
    )


def check(connection: Connection, body: bytes, deadline: float) -> None:
    """Raises UnderWay where the answer says so, and its pause ends before the deadline (in the loop's time)."""
    pause = _pause(connection)
    if pause is None or _type(body) != problems.COMMAND_IN_PROGRESS:
        return
    if asyncio.get_running_loop().time() + pause < deadline:
        raise UnderWay(pause)


def _field(connection: Connection, name: bytes) -> bytes:
    return headers.value(connection.headers, name) or b""


def _pause(connection: Connection) -> int | None:
    text = _field(connection, b"retry-after")
    return int(text) if text.isdigit() and len(text) < 6 else None


def _type(body: bytes) -> object:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found.get("type") if isinstance(found, dict) else None
