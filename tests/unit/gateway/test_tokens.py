"""Which tokens are believed, and what is answered where none is."""

import asyncio
import base64
import hmac
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from config.environment import InvalidSetting
from gateway.security import tokens
from gateway.security.jwks import KeySet
from gateway.security.tokens import Tokens
from service.identity.signature import Identity
from service.problems import Problem
from tests.support.issuer import AUDIENCE, ISSUER, Issuer

OURS, STRANGER = Issuer(), Issuer()
NOW = int(time.time())
PUBLIC = OURS.keys["ec-1"].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def believing(clock: Any = time.time) -> Tokens:
    """What believes our issuer's tokens, ten minutes of skew allowed: no test lasts as long."""

    async def fetch() -> bytes:
        return OURS.jwks()

    return Tokens(KeySet(fetch), issuer=ISSUER, audience=AUDIENCE, skew=600, clock=clock)


def identify(*values: str, by: Tokens | None = None) -> Identity:
    """Who asks with these Authorization lines."""
    scope = {"headers": [(b"authorization", value.encode("latin-1")) for value in values]}
    return asyncio.run((by or believing()).identify(scope))


def refused(*values: str, by: Tokens | None = None) -> tuple[int, str]:
    """Status and challenge."""
    with pytest.raises(Problem) as problem:
        identify(*values, by=by)
    return problem.value.status, problem.value.headers.get("WWW-Authenticate", "")


@pytest.mark.parametrize("kid", ["ec-1", "rsa-1"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_of_our_issuer_says_who_asks_and_what_that_one_may(kid: str, scheme: str) -> None:
    token = OURS.token("3", kid=kid, scope="admin read")
    assert identify(f"{scheme} {token}") == Identity(actor="user:3", scopes=frozenset({"admin", "read"}))


def test_without_a_scope_it_may_nothing_in_particular() -> None:
    assert identify(f"Bearer {OURS.token()}").scopes == frozenset()


@pytest.mark.parametrize("changes", [{"exp": NOW - 10}, {"nbf": NOW + 15, "iat": NOW + 15}, {"aud": ["x", AUDIENCE]}])
def test_clocks_may_differ_a_little_and_audiences_be_several(changes: dict[str, Any]) -> None:
    assert identify(f"Bearer {OURS.token(**changes)}").actor == "user:3"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exp": NOW - 6000}, "expired"),
        ({"nbf": NOW + 6000}, "not valid yet"),
        ({"iat": NOW + 6000}, "not valid yet"),
        ({"iss": "https://other.example"}, "not for here"),
        ({"aud": "others"}, "not for here"),
        ({"aud": None}, "not valid"),
        ({"iss": None}, "not valid"),
        ({"exp": None}, "not valid"),
        ({"subject": None}, "not valid"),
        ({"subject": ""}, "not usable"),
        ({"subject": "a b"}, "not usable"),
        ({"subject": "3\n"}, "not usable"),
        ({"subject": "x" * 151}, "not usable"),
        ({"scope": ["admin"]}, "not usable"),
    ],
)
def test_any_other_token_is_refused_and_why(changes: dict[str, Any], why: str) -> None:
    status, challenge = refused(f"Bearer {OURS.token(**changes)}")
    assert status == 401
    assert challenge.startswith('Bearer realm="social-network", error="invalid_token"')
    assert why in challenge


def forged(algorithm: str, key: Any, **header: Any) -> str:
    """A token that nobody whom we trust has signed."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "3", "exp": NOW + 300}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "ec-1", **header})


def _confused() -> str:
    """By hand: PyJWT itself refuses to sign so."""
    head, claims, _ = forged("HS256", "x" * 40).split(".")
    signature = hmac.digest(PUBLIC, f"{head}.{claims}".encode(), "sha256")
    return f"{head}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


CONFUSED = _confused()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "ä.ö.ü",
        "e30.e30.e30",
        STRANGER.token(),
        STRANGER.token(kid="rsa-1"),
        forged("none", None),
        # The public key taken for a shared secret (RFC 8725, 2.1).
        CONFUSED,
        forged("ES256", STRANGER.keys["ec-1"], kid="unknown"),
        jwt.encode(
            {"iss": ISSUER, "aud": AUDIENCE, "sub": "3", "exp": NOW + 300}, OURS.keys["ec-1"], algorithm="ES256"
        ),
        # Keys that a token brings along (RFC 8725, 3.10).
        forged("ES256", STRANGER.keys["ec-1"], jku="https://evil.example/jwks.json"),
        OURS.token() + "x",
        OURS.token().rpartition(".")[0] + ".",
        "x" * 9000,
    ],
)
def test_a_forged_token_is_refused(token: str) -> None:
    status, challenge = refused(f"Bearer {token}")
    assert (status, "invalid_token" in challenge) == (401, True)


@pytest.mark.parametrize("values", [(), ("Basic YTpi",), ("",), ("Bearer",)])
def test_who_has_no_token_is_told_to_get_one(values: tuple[str, ...]) -> None:
    status, challenge = refused(*values)
    assert status == 401
    assert challenge.startswith('Bearer realm="social-network"')


def test_two_tokens_are_one_too_many() -> None:
    status, challenge = refused(f"Bearer {OURS.token('3')}", f"Bearer {OURS.token('4')}")
    assert (status, "invalid_request" in challenge) == (400, True)


def test_a_token_that_was_looked_at_is_kept_no_longer_than_it_lives() -> None:
    now = float(NOW)
    by = believing(lambda: now)
    token = f"Bearer {OURS.token(exp=NOW + 1)}"

    async def twice() -> None:
        nonlocal now
        scope = {"headers": [(b"authorization", token.encode())]}
        first = await by.identify(scope)
        # The very same, not one that was made again.
        assert await by.identify(scope) is first
        now = NOW + 601.0
        assert await by.identify(scope) is not first

    asyncio.run(twice())


@pytest.mark.parametrize("missing", ["GATEWAY_JWT_ISSUER", "GATEWAY_JWT_AUDIENCE", "INTERNAL_KEYS"])
def test_half_a_configuration_is_refused(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    whole = {"GATEWAY_JWKS_URL": "https://x", "GATEWAY_JWT_ISSUER": "i", "GATEWAY_JWT_AUDIENCE": "a"}
    for name, value in (whole | {"INTERNAL_KEYS": "k" * 40, missing: ""}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting, match=missing):
        tokens.from_environment()


def test_a_source_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_JWKS_URL", "ftp://issuer.example/jwks")
    with pytest.raises(InvalidSetting, match="GATEWAY_JWKS_URL"):
        tokens.from_environment()
