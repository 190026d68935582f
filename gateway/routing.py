"""Which path belongs to which service, and which paths pass at all."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from service.problems import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Everything below `/prefix` belongs to the service with this name in the registry.

    waits: its answers may wait for what a `Consistency-Token` names.
    """

    id: str
    prefix: str
    service: str
    order: int = 0
    waits: bool = False


ROUTES = (
    Route(id="user-service", prefix="user", service="USER-SERVICE"),
    Route(id="friend-service", prefix="friend", service="FRIEND-SERVICE"),
    Route(id="recommendation-service", prefix="recommendation", service="RECOMMENDATION-SERVICE", waits=True),
)
_BY_PREFIX = {route.prefix.encode(): route for route in ROUTES}

# Not for the outside: the admin with its style sheets, and of the actuator all but what clients poll.
_HIDDEN = frozenset({b"admin", b"static", b"actuator"})
_PUBLIC = frozenset({(b"actuator", b"health")})
# What servers read in different ways, so that a path could mean one thing here and another behind: encoded slashes,
# backslashes and control characters, what only looks encoded, and what would begin a fragment.
_AMBIGUOUS = re.compile(rb"%(?:2f|5c|7f|[01][0-9a-f]|(?![0-9a-f]{2}))|[\\#]")

# Nearly every path: nothing in it can be read in two ways, and nothing needs to be decoded.
_PLAIN = re.compile(rb"(?:/[a-z0-9_~-]+)+/?\Z")


def find(raw_path: bytes) -> tuple[Route, bytes] | None:
    """The route of a request's path and the path that its service gets, byte for byte as it came; None: no route.

    Raises Problem: 400 for a path that is not to be trusted, 404 for one that is not for the outside.
    """
    if not raw_path.startswith(b"/"):
        raise Problem(400, "The request's target must be a path.")
    prefix, slash, rest = raw_path[1:].partition(b"/")
    route = _BY_PREFIX.get(prefix)
    if route is None:
        return None
    path = slash + rest or b"/"
    segments = _segments(path)
    if segments and segments[0] in _HIDDEN and tuple(segments) not in _PUBLIC:
        raise Problem(404, "There is nothing here.")
    return route, path


def _segments(path: bytes) -> list[bytes]:
    """The path's segments as the most lenient of servers would understand them. Raises Problem."""
    lowered = path.lower()
    if _PLAIN.match(lowered):
        return lowered.strip(b"/").split(b"/")
    if _AMBIGUOUS.search(lowered):
        said = "encoded slashes or control characters, backslashes, '#', or '%' without two hexadecimal digits"
        raise Problem(400, f"The path must not contain {said}.")
    decoded = [unquote_to_bytes(segment).partition(b";")[0].strip() for segment in lowered.split(b"/")]
    if b"." in decoded or b".." in decoded:
        raise Problem(400, "The path must not contain the segments '.' and '..'.")
    return [segment for segment in decoded if segment]
