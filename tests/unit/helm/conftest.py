"""Where there is no helm and none can be fetched, these tests are skipped, and say so."""

import pytest

from tests.support.kubernetes import tools


@pytest.fixture(autouse=True, scope="session")
def _helm() -> None:
    try:
        tools.program("helm")
    except tools.Unavailable as error:
        pytest.skip(str(error))
