"""Fixtures of the suites that need a whole system: their conftest imports them."""

from collections.abc import Iterator

import pytest

from desktop.supervisor import System
from tests.support.client import Client
from tests.support.network import Network
from tests.support.system import running


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system for all tests of the process. A test that breaks something mends it."""
    with running(tmp_path_factory.mktemp("system")) as started:
        yield started


@pytest.fixture(scope="session")
def client(system: System) -> Client:
    """Speaks to the system's gateway."""
    return Client(system.urls["gateway"])


@pytest.fixture(scope="session")
def network(client: Client) -> Network:
    """The network behind the system's gateway."""
    return Network(client)
