"""A signed header between the gateway and the services, and from service to service: who asks, for this one request.

A JSON Web Token (RFC 7519) under a key that all of them share. It is bound to the request's method and target, as
proofs of RFC 9449 are (`htm`, `htu`), and lives for a minute: whoever sees one can at most ask the same again for so
long.
"""

import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass

import jwt

from config import environment

HEADER = "X-Internal-Identity"
LIFETIME_SECONDS = 60
# How far apart the clocks of two machines may be.
SKEW_SECONDS = 30
SHORTEST_KEY = 32
_ALGORITHM = "HS256"
_AUDIENCE = "internal"
_OPTIONS = {"require": ["sub", "aud", "iat", "exp", "htm", "htu"]}


class NotTrusted(Exception):
    """Nobody with a key has said this of this request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """`actor`: `user:3`, `service:friends`, or `anonymous` where nobody has to say who they are, which is when
    `scopes` is None."""

    actor: str = "anonymous"
    scopes: frozenset[str] | None = None


class Keys:
    """The shared keys: the first signs, each of them is believed. While one is replaced there are two."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def sign(self, identity: Identity, *, method: str, target: str) -> str:
        """The header's value for a request. `target`: path and query as they are sent."""
        now = int(time.time())
        claims: dict[str, object] = {"sub": identity.actor, "aud": _AUDIENCE, "htm": method, "htu": target}
        claims |= {"iat": now, "exp": now + LIFETIME_SECONDS}
        if identity.scopes is not None:
            claims["scope"] = " ".join(sorted(identity.scopes))
        return jwt.encode(claims, self._keys[0], algorithm=_ALGORITHM)

    def verify(self, text: str, *, method: str, target: str) -> Identity:
        """Who asks, by the header of a request. Raises NotTrusted."""
        for key in self._keys:
            try:
                claims = jwt.decode(
                    text,
                    key,
                    algorithms=[_ALGORITHM],
                    audience=_AUDIENCE,
                    leeway=SKEW_SECONDS,
                    options=_OPTIONS,  # type: ignore[arg-type]  # a TypedDict of all options, each of which may be left out
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError as error:
                raise NotTrusted(str(error)) from error
            if not (_same(claims["htm"], method) and _same(claims["htu"], target)):
                raise NotTrusted("It was signed for another request")
            scope = claims.get("scope")
            return Identity(actor=claims["sub"], scopes=None if scope is None else frozenset(scope.split()))
        raise NotTrusted("It was signed with another key")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def keys() -> Keys | None:
    """As INTERNAL_KEYS says; None: there is none, and everybody is believed to be anybody. Raises InvalidSetting."""
    given = environment.items("INTERNAL_KEYS")
    if any(len(key) < SHORTEST_KEY for key in given):
        raise environment.InvalidSetting(f"INTERNAL_KEYS must have at least {SHORTEST_KEY} characters each.")
    return Keys(given) if given else None


def headers(service: str, *, method: str, target: str) -> dict[str, str]:
    """What a service sends of itself with a request to another one; nothing where there is no key."""
    found = keys()
    if found is None:
        return {}
    identity = Identity(actor=f"service:{service}", scopes=frozenset({"service"}))
    return {HEADER: found.sign(identity, method=method, target=target)}
