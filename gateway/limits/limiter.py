"""Which client a request is counted for, and what it is told of that.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/10/: `RateLimit-Policy` and `RateLimit`.
"""

import hashlib
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import http_sf

from config import environment
from gateway import metrics
from gateway.headers import Headers
from gateway.limits.buckets import Buckets, Policy
from service.problems import Problem

POLICY_NAME = "default"
API_KEY = b"x-api-key"
# An IPv6 client has a whole network to take addresses from (RFC 6177).
IPV6_PREFIX = 64
# What asks here are probes, which must be answered also when they all come from one address.
UNCOUNTED = frozenset({b"/actuator/health", b"/actuator/health/liveness"})


class Limiter:
    """Counts requests against `buckets`. `names`: of clients, by the SHA-256 of their API key in hexadecimal."""

    def __init__(self, buckets: Buckets, names: Mapping[str, str]) -> None:
        self._buckets, self._names = buckets, names
        policy = buckets.policy
        # As `list[Any]`: a dict is invariant in what http-sf allows for values.
        told: list[Any] = [(POLICY_NAME, {"q": policy.quota, "w": policy.window})]
        self._policy = (b"ratelimit-policy", http_sf.ser(told).encode())

    def admit(self, scope: Mapping[str, Any], subject: str | None, told: Headers) -> None:
        """Count the request, and add to `told` what its answer says of the limit. `subject`: who the client has
        proven to be. Raises Problem 429 where the quota is used up.
        """
        if scope["raw_path"] in UNCOUNTED:
            return
        verdict = self._buckets.take(self.client(scope, subject))
        told += [self._policy, (b"ratelimit", b'"default";r=%d;t=%d' % (verdict.remaining, verdict.seconds))]
        if not verdict.allowed:
            metrics.RATE_LIMITED.inc()
            raise Problem(429, "Too many requests.", headers={"Retry-After": str(verdict.seconds)})

    def client(self, scope: Mapping[str, Any], subject: str | None) -> str:
        """Its name by a known API key, else the token's subject, else the address."""
        for name, value in scope["headers"]:
            if name == API_KEY and (known := self._names.get(hashlib.sha256(value).hexdigest())):
                return f"key:{known}"
        if subject is not None:
            return f"subject:{subject}"
        return f"address:{_network(scope['client'][0] if scope['client'] else '')}"


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and not found.ipv4_mapped:
        return str(ip_network((int(found), IPV6_PREFIX), strict=False))
    return address


def from_environment() -> Limiter | None:
    """As GATEWAY_RATE_LIMIT says, this worker's share of it; None: no limit. Raises InvalidSetting."""
    text = environment.text("GATEWAY_RATE_LIMIT")
    if not text:
        return None
    quota, _, window = text.partition("/")
    if not (_positive(quota) and _positive(window)):
        raise environment.InvalidSetting(f"GATEWAY_RATE_LIMIT must be like 600/60, not {text!r}.")
    try:
        share = Policy(quota=int(quota), window=int(window)).shared(environment.integer("WEB_WORKERS"))
    except ValueError as error:
        raise environment.InvalidSetting(f"GATEWAY_RATE_LIMIT: {error}.") from error
    return Limiter(Buckets(share), dict(map(_key, environment.items("GATEWAY_API_KEYS"))))


def _positive(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0


def _key(text: str) -> tuple[str, str]:
    name, _, digest = text.partition(":")
    if not name or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise environment.InvalidSetting("GATEWAY_API_KEYS must be like name:SHA256, in small hexadecimal digits.")
    return digest, name
