"""Pages of other origins: those listed may read and command, others may do neither (https://fetch.spec.whatwg.org)."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from config import environment
from gateway import headers
from gateway.headers import Headers
from service.problems import Problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]+")
ALLOW_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
ALLOW_HEADERS = (
    b"Accept, Authorization, Consistency-Token, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
    b"Last-Event-ID, Prefer, traceparent, tracestate, X-API-Key, X-Request-Id"
)
EXPOSE_HEADERS = (
    b"Consistency-Token, Consistency-Token-Omitted, ETag, Link, Preference-Applied, Projection-Lag, RateLimit, "
    b"RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"
)
# Browsers keep an answer to a preflight for at most two hours, whatever it says.
PREFLIGHT_SECONDS = 7200
VARY = (b"vary", b"Origin")


class Cors:
    """`origins`: those whose pages may ask, `https://app.example`. There are no cookies, hence no credentials."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def fields(self, scope: Mapping[str, Any]) -> Headers:
        """What an answer to this request has of it."""
        if not self._origins:
            return []
        origin = headers.value(scope["headers"], b"origin")
        if origin not in self._origins:
            return [VARY]
        allowed = (b"access-control-allow-origin", origin)
        return [VARY, allowed, (b"access-control-expose-headers", EXPOSE_HEADERS)]

    def preflight(self, scope: Mapping[str, Any]) -> Headers | None:
        """What a browser is told that asks beforehand; None: it does not, or for a page that may not.

        That one gets an ordinary answer, which lacks what it looks for.
        """
        asks = (
            scope["method"] == "OPTIONS"
            and headers.value(scope["headers"], b"access-control-request-method") is not None
        )
        if not asks or headers.value(scope["headers"], b"origin") not in self._origins:
            return None
        return [
            (b"access-control-allow-methods", ALLOW_METHODS),
            (b"access-control-allow-headers", ALLOW_HEADERS),
            (b"access-control-max-age", b"%d" % PREFLIGHT_SECONDS),
        ]

    def check(self, scope: Mapping[str, Any]) -> None:
        """Raises Problem 403 for a command of somebody else's page: browsers ask beforehand for most, not for all."""
        if scope["method"] in SAFE:
            return
        origin = headers.value(scope["headers"], b"origin")
        if origin is None or origin in self._origins:
            return
        own = headers.value(scope["headers"], b"host")
        if not own or origin.lower().partition(b"://")[2] != own.lower():
            raise Problem(403, "Pages of this origin may not command anything here.")


def from_environment() -> Cors:
    """As GATEWAY_CORS_ORIGINS says. Raises InvalidSetting."""
    origins = environment.items("GATEWAY_CORS_ORIGINS")
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise environment.InvalidSetting(f"GATEWAY_CORS_ORIGINS: {origin!r} is not like https://app.example.")
    return Cors(origins)
