"""Where there is no promtool, what needs it is skipped, and says so."""

import pytest

from tests.support import prometheus


@pytest.fixture(scope="session")
def promtool() -> None:
    """Skip where it is not to be had."""
    try:
        prometheus.program("promtool")
    except prometheus.Unavailable as error:
        pytest.skip(str(error))
