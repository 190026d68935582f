"""Until when a client's request must be answered: by its route, or sooner where the client says so.

A client says for how long it waits (`X-Request-Timeout`, as gRPC writes it: at most 8 digits and a unit,
https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): its clock is its own. Services are told the moment
(`X-Request-Deadline`, milliseconds since 1970), for a request may wait in an instance's queue before it is read.
"""

import re
import time
from collections.abc import Iterable, Mapping

from config.environment import InvalidSetting
from gateway.routing import ROUTES
from service.problems import Problem

_TIMEOUT = re.compile(rb"([0-9]{1,8})([HMSmun])")
_SECONDS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}


def asked(value: bytes) -> float | None:
    """The seconds that a client's header names; None: there is none. Raises Problem: 400 for anything else."""
    if not value:
        return None
    found = _TIMEOUT.fullmatch(value)
    if found is None:
        raise Problem(400, "X-Request-Timeout must be at most 8 digits and a unit, H, M, S, m, u or n: 1500m.")
    return int(found[1]) * _SECONDS[found[2]]


def milliseconds(seconds: float) -> int:
    """The moment that so many seconds from now are, in milliseconds since 1970."""
    return int((time.time() + seconds) * 1000)


def by_route(settings: Iterable[str], default: float) -> Mapping[str, float]:
    """Seconds by a route's id: what `id=seconds` says, else the default. Raises InvalidSetting."""
    found = {route.id: default for route in ROUTES}
    for setting in settings:
        route, _, text = setting.partition("=")
        if route not in found or not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or float(text) <= 0:
            raise InvalidSetting(f"{setting!r} is not ROUTE=SECONDS, with one of the routes {', '.join(found)}.")
        found[route] = float(text)
    return found
