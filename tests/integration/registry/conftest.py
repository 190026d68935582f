"""A registry as a process, on the tests' database; it ends with the module, for it evicts what others let run out."""

from collections.abc import Iterator

import pytest

from registry.models import Lease
from tests.integration.registry.process import database, running


@pytest.fixture(scope="module")
def process(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its URL."""
    with running(tmp_path_factory.mktemp("registry"), database()) as url:
        yield url


@pytest.fixture
def registry(process: str, transactional_db: None) -> Iterator[str]:
    """The URL of a registry that knows nobody."""
    yield process
    # Waits for an eviction under way, with which emptying the tables could lock up.
    Lease.objects.all().delete()
