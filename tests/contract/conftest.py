"""The contract's tests share one system and the people of the table."""

from collections.abc import Mapping

import pytest

from tests.contract import people
from tests.support.fixtures import client as client
from tests.support.fixtures import network as network
from tests.support.fixtures import system as system
from tests.support.network import Network


@pytest.fixture(scope="session")
def known(network: Network) -> Mapping[str, int]:
    """Ids by name of the people that all lines share."""
    return people.shared(network)
