"""Bearer tokens (RFC 6750): JSON Web Tokens of one issuer, for us (RFC 7519, RFC 8725)."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt

from config import environment
from gateway.security.jwks import ALGORITHMS, KeySet, UnknownKey, fetching
from service.identity.signature import Identity
from service.problems import Problem

CHALLENGE = 'Bearer realm="social-network"'
# Signatures that were looked at: one costs more than everything else that is done with a request here.
MOST_KEPT = 4096
LONGEST = 8192
_REQUIRED: Any = {"require": ["exp", "iss", "aud", "sub"]}
# Goes into headers, logs, and the columns of events.
_SUBJECT = re.compile(r"[\x21-\x7e]{1,150}\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    identity: Identity
    until: float


class Tokens:
    """Believes tokens of `issuer` for `audience`, whose clock may be `skew` seconds away from ours; `clock` tells
    seconds since 1970."""

    def __init__(
        self, keys: KeySet, *, issuer: str, audience: str, skew: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._keys, self._issuer, self._audience, self._skew = keys, issuer, audience, skew
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._generation = 0

    async def identify(self, scope: Mapping[str, Any]) -> Identity:
        """Who asks. Raises Problem 401 where there is no token, or none that is believed; 400 where there are two;
        503 where no key is known yet."""
        token = _token(scope)
        self._keys.freshen()
        self._forget_others()
        kept = self._kept.get(token)
        if kept is not None and self._clock() < kept.until:
            self._kept.move_to_end(token)
            return kept.identity
        try:
            claims = await self._claims(token)
        except UnknownKey:
            raise _invalid("Its key is not known.") from None
        except jwt.InvalidTokenError as error:
            raise _invalid(_said(error)) from error
        identity = _identity(claims)
        self._forget_others()
        self._kept[token] = _Kept(identity=identity, until=claims["exp"] + self._skew)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return identity

    def _forget_others(self) -> None:
        """What was looked at with keys that are not the issuer's any more."""
        if self._generation != self._keys.generation:
            self._kept.clear()
            self._generation = self._keys.generation

    async def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        kid, algorithm = header.get("kid"), header.get("alg")
        if algorithm not in ALGORITHMS or not isinstance(kid, str):
            raise jwt.InvalidAlgorithmError
        key = await self._keys.key(kid, algorithm)
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=self._audience,
            issuer=self._issuer,
            leeway=self._skew,
            options=_REQUIRED,
        )


def _token(scope: Mapping[str, Any]) -> str:
    lines = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(lines) > 1:
        raise _problem(400, "There must be one token.", "invalid_request")
    scheme, _, token = (lines[0] if lines else b"").partition(b" ")
    if scheme.lower() != b"bearer":
        raise Problem(401, "This needs a token.", headers={"WWW-Authenticate": CHALLENGE})
    if len(token) > LONGEST:
        raise _invalid("It is too long.")
    return token.strip().decode("latin-1")


def _identity(claims: Mapping[str, Any]) -> Identity:
    scopes = claims.get("scope", "")
    if not _SUBJECT.match(claims["sub"]) or not isinstance(scopes, str):
        raise _invalid("Its subject or its scope is not usable.")
    return Identity(actor=f"user:{claims['sub']}", scopes=frozenset(scopes.split()))


def _said(error: jwt.InvalidTokenError) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "It has expired."
        case jwt.ImmatureSignatureError():
            return "It is not valid yet."
        case jwt.InvalidAudienceError() | jwt.InvalidIssuerError():
            return "It is not for here."
        case _:
            return "It is not valid."


def _invalid(detail: str) -> Problem:
    return _problem(401, detail, "invalid_token")


def _problem(status: int, detail: str, code: str) -> Problem:
    told = f'{CHALLENGE}, error="{code}", error_description="{detail}"'
    return Problem(status, f"The token is refused. {detail}", headers={"WWW-Authenticate": told})


def from_environment() -> Tokens | None:
    """As GATEWAY_JWKS_URL says; None: nobody has to say who they are. Raises InvalidSetting."""
    url = environment.text("GATEWAY_JWKS_URL")
    if not url:
        return None
    if urlsplit(url).scheme not in {"https", "http", "file"}:
        raise environment.InvalidSetting("GATEWAY_JWKS_URL must be https://…, http://… or file:///….")
    issuer, audience = environment.text("GATEWAY_JWT_ISSUER"), environment.text("GATEWAY_JWT_AUDIENCE")
    if not (issuer and audience and environment.items("INTERNAL_KEYS")):
        needed = "GATEWAY_JWT_ISSUER, GATEWAY_JWT_AUDIENCE and INTERNAL_KEYS"
        raise environment.InvalidSetting(f"GATEWAY_JWKS_URL needs {needed}: what services do not hear, they allow.")
    skew = environment.integer("GATEWAY_JWT_SKEW_SECONDS")
    return Tokens(KeySet(fetching(url)), issuer=issuer, audience=audience, skew=skew)
