"""What every request passes before it is served, and every answer on its way out."""

from dataclasses import dataclass

from config import environment
from gateway.body import Send
from gateway.limits import limiter
from gateway.limits.limiter import Limiter
from gateway.security import cors, form, peers
from gateway.security.cors import Cors
from gateway.security.outgoing import Outgoing
from gateway.security.peers import Peers
from gateway.target import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """The gateway's rules for clients. `tls`: all of them come over HTTPS; `limiter` None: as often as they like."""

    tls: bool
    peers: Peers
    cors: Cors
    limiter: Limiter | None

    @classmethod
    def from_environment(cls) -> "Edge":
        """As the environment says. Raises InvalidSetting."""
        return cls(
            tls=environment.flag("TLS"),
            peers=peers.from_environment(),
            cors=cors.from_environment(),
            limiter=limiter.from_environment(),
        )

    def open(self, scope: Scope, send: Send) -> tuple[Scope, Outgoing]:
        """The scope with whom the request comes from, and where its answer goes to."""
        scope = self.peers.read(scope)
        outgoing = Outgoing(send, secure=self.tls or scope["scheme"] == "https")
        outgoing.fields += self.cors.fields(scope)
        return scope, outgoing

    async def admit(self, scope: Scope, outgoing: Outgoing) -> bool:
        """Whether the request goes on; False: it is answered. Raises Problem 400, 403, 413, 429."""
        form.check(scope)
        self.cors.check(scope)
        preflight = self.cors.preflight(scope)
        if preflight is not None:
            outgoing.fields += preflight
            await outgoing({"type": "http.response.start", "status": 204, "headers": []})
            await outgoing({"type": "http.response.body", "body": b""})
            return False
        if self.limiter is not None:
            self.limiter.admit(scope, None, outgoing.fields)
        return True
