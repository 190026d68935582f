"""One gateway for the tests that leave it as it was; servers and instances of their own for each."""

from collections.abc import Callable, Iterator

import pytest

from tests.integration.gateway.process import Gateway, running
from tests.integration.gateway.servers import Behaviour, Loop, Registry, Server
from tests.support.waiting import eventually

Behind = Callable[..., list[Server]]


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    """Where the servers run."""
    opened = Loop()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def registry(loop: Loop) -> Registry:
    """The registry that the shared gateway asks."""
    return Registry(loop)


@pytest.fixture(scope="session")
def gateway(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The shared gateway."""
    with running(tmp_path_factory.mktemp("gateway"), registry.url) as started:
        eventually(started.healthy)
        yield started


@pytest.fixture
def behind(loop: Loop, registry: Registry, gateway: Gateway) -> Behind:
    """Puts a server behind the gateway for each behaviour, as the only instances of a service."""

    def put(*behaviours: Behaviour, service: str = "USER-SERVICE") -> list[Server]:
        servers = [loop.serve(behave) for behave in behaviours]
        registry.list(service, *servers)
        learned(registry)
        return servers

    return put


def learned(registry: Registry) -> None:
    """Returns when the gateway has heard what the registry says now: a poll that began later has been answered,
    and the next one has begun."""
    before = registry.polls

    def polled_twice() -> None:
        assert registry.polls >= before + 2

    eventually(polled_twice)
