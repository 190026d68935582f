"""What every suite has: hypothesis's profiles, and room for the long form of a test in `make test-all`."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

EVERYTHING = os.environ.get("TEST_EVERYTHING") == "1"

# No deadline: the engines of other tests share this machine.
settings.register_profile("quick", deadline=None, max_examples=100)
settings.register_profile(
    "everything", deadline=None, max_examples=3000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("everything" if EVERYTHING else "quick")


@pytest.fixture(scope="session")
def everything() -> bool:
    """Whether this is the run that takes its time (`make test-all`): long loops in full length."""
    return EVERYTHING


@pytest.fixture(scope="session", autouse=True)
def hangups_are_heard() -> Iterator[None]:
    """Under nohup a hang-up is ignored, and by all that we start too: tests of hang-ups would wait in vain."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
