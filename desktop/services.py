"""Which processes make the system, in the order in which they are started; they are stopped the other way round."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One of the five: its folder, its names elsewhere, and the processes that run beside its web server."""

    name: str
    port: int
    prefix: str = ""
    database: bool = True
    workers: tuple[str, ...] = ()
    graph: bool = False
    protocol: str = "wsgi"

    @property
    def processes(self) -> tuple[str, ...]:
        """All of its processes, the web server first."""
        return ("web", *self.workers)


REGISTRY = Service(name="registry", port=8761)
USERS = Service(name="users", port=8120, prefix="/user", workers=("relay",))
FRIENDS = Service(name="friends", port=8100, prefix="/friend", workers=("relay", "consume"))
RECOMMENDATIONS = Service(
    name="recommendations", port=8110, prefix="/recommendation", workers=("consume", "project"), graph=True
)
GATEWAY = Service(name="gateway", port=9000, database=False, protocol="asgi")
DOMAIN = (USERS, FRIENDS, RECOMMENDATIONS)
SERVICES = (REGISTRY, *DOMAIN, GATEWAY)


class InvalidPort(ValueError):
    """A port that nobody can listen on, or a name that no service has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """Where each service listens, on 127.0.0.1; the engines' are theirs to choose where they are None."""

    gateway: int = GATEWAY.port
    users: int = USERS.port
    friends: int = FRIENDS.port
    recommendations: int = RECOMMENDATIONS.port
    registry: int = REGISTRY.port
    postgresql: int | None = None
    kafka: int | None = None
    graph: int | None = None

    @classmethod
    def free(cls) -> "Ports":
        """Ports that are free now, for a system beside another one."""
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in SERVICES]
        numbers = [opened.getsockname()[1] for opened in sockets]
        for opened in sockets:
            opened.close()
        return cls(**{service.name: number for service, number in zip(SERVICES, numbers, strict=True)})

    def changed(self, choices: Mapping[str, int]) -> "Ports":
        """These ports with some of them chosen anew. Raises InvalidPort."""
        known = {field.name for field in fields(self)}
        for name, number in choices.items():
            if name not in known:
                raise InvalidPort(f"{name!r} has no port; these have: {', '.join(sorted(known))}.")
            if not 0 < number < 65536:
                raise InvalidPort(f"{number} is no port: {name} needs one from 1 to 65535.")
        return replace(self, **dict(choices))

    def of(self, service: Service) -> int:
        """The service's port."""
        return int(getattr(self, service.name))

    def url(self, service: Service) -> str:
        """The service's own address, past the gateway."""
        return f"http://127.0.0.1:{self.of(service)}"

    def engines(self) -> dict[str, int | None]:
        """The engines' ports by name."""
        return {"postgresql": self.postgresql, "kafka": self.kafka, "graph": self.graph}
