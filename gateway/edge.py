"""What every request passes before it is served, and every answer on its way out."""

from dataclasses import dataclass

from config import environment
from gateway.body import Send
from gateway.limits import limiter
from gateway.limits.limiter import Limiter
from gateway.security import cors, form, peers, tokens
from gateway.security.cors import Cors
from gateway.security.outgoing import Outgoing
from gateway.security.peers import Peers
from gateway.security.tokens import Tokens
from gateway.target import Scope
from service.identity import signature
from service.identity.signature import Identity, Keys
from service.problems import Problem

# What everybody may ask of a service.
PUBLIC = frozenset({b"/actuator/health"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """The gateway's rules for clients. `tls`: all of them come over HTTPS; `limiter` None: as often as they
    like; `tokens` None: without saying who they are; `keys`: what services are told who asks with, None: nothing."""

    tls: bool
    peers: Peers
    cors: Cors
    limiter: Limiter | None
    tokens: Tokens | None
    keys: Keys | None

    @classmethod
    def from_environment(cls) -> "Edge":
        """As the environment says. Raises InvalidSetting."""
        return cls(
            tls=environment.flag("TLS"),
            peers=peers.from_environment(),
            cors=cors.from_environment(),
            limiter=limiter.from_environment(),
            tokens=tokens.from_environment(),
            keys=signature.keys(),
        )

    def open(self, scope: Scope, send: Send) -> tuple[Scope, Outgoing]:
        """The scope with whom the request comes from, and where its answer goes to."""
        scope = self.peers.read(scope)
        outgoing = Outgoing(send, secure=self.tls or scope["scheme"] == "https")
        outgoing.fields += self.cors.fields(scope)
        return scope, outgoing

    async def admit(self, scope: Scope, outgoing: Outgoing) -> Identity | Problem | None:
        """Who asks, or why that cannot be said; None: the request is answered. Raises Problem 400, 403, 413, 429."""
        form.check(scope)
        self.cors.check(scope)
        preflight = self.cors.preflight(scope)
        if preflight is not None:
            outgoing.fields += preflight
            await outgoing({"type": "http.response.start", "status": 204, "headers": []})
            await outgoing({"type": "http.response.body", "body": b""})
            return None
        found = await self._identify(scope)
        if self.limiter is not None:
            # A token that is not believed is counted, too: for the address that it comes from.
            subject = found.actor if isinstance(found, Identity) and found.scopes is not None else None
            self.limiter.admit(scope, subject, outgoing.fields)
        return found

    async def _identify(self, scope: Scope) -> Identity | Problem:
        if self.tokens is None:
            return Identity()
        try:
            return await self.tokens.identify(scope)
        except Problem as problem:
            return problem

    def introduced(self, scope: Scope, path: bytes, found: Identity | Problem) -> Scope:
        """The scope of a request that a service gets as `path`, with what that is told of who asks.

        Raises the Problem where that cannot be said, and has to be.
        """
        if isinstance(found, Problem):
            if path not in PUBLIC:
                raise found
            found = Identity(scopes=frozenset())
        if self.tokens is not None:
            # Who has the token is the client; services need not be able to act as one.
            scope = {**scope, "headers": [field for field in scope["headers"] if field[0] != b"authorization"]}
        if self.keys is None:
            return scope
        query = scope["query_string"]
        target = (path + b"?" + query if query else path).decode("latin-1")
        return {**scope, "identity": self.keys.sign(found, method=scope["method"], target=target).encode()}
