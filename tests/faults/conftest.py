"""One world for all fault tests of the process: what a test kills is started again after it."""

from collections.abc import Iterator

import pytest

from tests.faults.account import Account
from tests.faults.ledger import Ledger
from tests.faults.world import World


@pytest.fixture(scope="session")
def whole_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Databases, topics and processes, ended at the end."""
    made = World(tmp_path_factory.mktemp("faults"))
    try:
        made.begin()
        yield made
    finally:
        made.end()


@pytest.fixture
def world(whole_world: World) -> Iterator[World]:
    """The world with everything running."""
    whole_world.mend()
    yield whole_world
    whole_world.mend()


@pytest.fixture(scope="session")
def ledger(whole_world: World) -> Ledger:
    """Everything that was ever asked of the world."""
    return Ledger({service: whole_world.url(service) for service in whole_world.ports})


@pytest.fixture
def account(world: World, ledger: Ledger) -> Account:
    """What there must be at the end of each test."""
    return Account(world, ledger)
