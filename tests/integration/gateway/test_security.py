"""Who gets through to a service, and what that hears of who asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.identity.signature import Identity, Keys
from tests.integration.gateway.process import Gateway, running
from tests.integration.gateway.servers import Loop, Registry, Server, echo
from tests.integration.gateway.test_errors import problem
from tests.support.identity import KEY
from tests.support.issuer import AUDIENCE, ISSUER, Issuer
from tests.support.waiting import eventually


@dataclass(frozen=True, kw_only=True, slots=True)
class Guarded:
    """A gateway that wants tokens, the service behind it, and who issues them."""

    gateway: Gateway
    server: Server
    issuer: Issuer
    jwks: Path

    def told(self) -> Identity:
        """What the service could believe of its last request."""
        request = self.server.requests[-1]
        method, target, _ = request.line.split(" ")
        return Keys([KEY]).verify(request.one("x-internal-identity"), method=method, target=target)


@pytest.fixture(scope="module")
def guarded(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The same for all tests here."""
    folder, registry, issuer, server = tmp_path_factory.mktemp("guarded"), Registry(loop), Issuer(), loop.serve(echo)
    registry.list("USER-SERVICE", server)
    jwks = folder / "jwks.json"
    jwks.write_bytes(issuer.jwks())
    settings = {
        "GATEWAY_JWKS_URL": jwks.as_uri(),
        "GATEWAY_JWT_ISSUER": ISSUER,
        "GATEWAY_JWT_AUDIENCE": AUDIENCE,
        "INTERNAL_KEYS": KEY,
    }
    with running(folder, registry.url, **settings) as gateway:
        eventually(gateway.healthy)
        yield Guarded(gateway=gateway, server=server, issuer=issuer, jwks=jwks)


def bearer(token: str, **more: str) -> dict[str, str]:
    """The header that carries it."""
    return {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): value for name, value in more.items()}}


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_the_service_hears_signed_who_asks_and_not_the_token(guarded: Guarded, kid: str) -> None:
    token = guarded.issuer.token("3", kid=kid, scope="admin")
    assert guarded.gateway.client.get("/user/v1/users/3?a=%20b", bearer(token)).status == 200
    assert guarded.told() == Identity(actor="user:3", scopes=frozenset({"admin"}))
    assert not guarded.server.requests[-1].all("authorization")


def test_without_a_token_nothing_gets_through(guarded: Guarded) -> None:
    before = len(guarded.server.requests)
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        answer = guarded.gateway.client.request(method, "/user/v1/users/3")
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="social-network"')
    problem(guarded.gateway.client.get("/user/v1/users/3"), 401)
    expired = problem(guarded.gateway.client.get("/user/x", bearer(guarded.issuer.token(exp=1))), 401)
    assert "expired" in expired["detail"]
    problem(guarded.gateway.client.get("/user/x", bearer(Issuer().token())), 401)
    assert len(guarded.server.requests) == before


def test_what_everybody_may_ask_needs_none(guarded: Guarded) -> None:
    for path in (
        "/actuator/health",
        "/user/actuator/health",
        "/docs/asyncapi.json",
    ):
        assert guarded.gateway.client.get(path).status == 200
    assert guarded.told() == Identity(scopes=frozenset())


@pytest.mark.parametrize("path", ["/user/actuator/health/", "/user//actuator/health", "/user/Actuator/health"])
def test_what_only_looks_like_it_does(guarded: Guarded, path: str) -> None:
    assert guarded.gateway.client.get(path).status in {401, 404}


def test_a_clients_own_internal_header_never_passes(guarded: Guarded) -> None:
    forged = Keys(["another-key-0123456789-0123456789-0123"])
    lie = forged.sign(Identity(actor="user:1", scopes=frozenset({"admin"})), method="GET", target="/x")
    for name in ("X-Internal-Identity", "x-internal-identity", "X_Internal_Identity"):
        asked = bearer(guarded.issuer.token("3")) | {name: lie}
        assert guarded.gateway.client.get("/user/x", asked).status == 200
        assert guarded.told() == Identity(actor="user:3", scopes=frozenset())
        assert len(guarded.server.requests[-1].all("x-internal-identity")) == 1
        assert not guarded.server.requests[-1].all("x_internal_identity")


def test_connection_cannot_take_it_away(guarded: Guarded) -> None:
    asked = bearer(guarded.issuer.token("3"), Connection="close, X-Internal-Identity")
    assert guarded.gateway.client.get("/user/x", asked).status == 200
    assert guarded.told().actor == "user:3"
