"""Steps: order, side by side, the first failure, and being asked to stop."""

import threading
from functools import partial

import pytest

from desktop.errors import Stopped
from desktop.steps import Steps


@pytest.fixture
def stopping() -> threading.Event:
    """Set when somebody asks to stop."""
    return threading.Event()


@pytest.fixture
def steps(stopping: threading.Event) -> Steps:
    """An empty plan."""
    return Steps(stopping)


def test_a_step_comes_after_those_that_it_names(steps: Steps) -> None:
    done: list[str] = []
    steps.add("engine", partial(done.append, "engine"))
    steps.add("database", partial(done.append, "database"), after=("engine",))
    steps.add("web", partial(done.append, "web"), after=("engine", "database"))
    steps.run()
    assert done == ["engine", "database", "web"]
    assert steps.pending == []


def test_what_does_not_depend_runs_side_by_side(steps: Steps) -> None:
    meeting = threading.Barrier(3, timeout=20)
    for name in ("one", "two", "three"):
        steps.add(name, partial(meeting.wait))
    steps.run()
    assert not meeting.broken


def test_the_first_failure_is_raised_and_nothing_comes_after_it(steps: Steps, stopping: threading.Event) -> None:
    done: list[str] = []

    def fail() -> None:
        raise OSError("No space left")

    steps.add("engine", fail)
    steps.add("web", partial(done.append, "web"), after=("engine",))
    with pytest.raises(OSError, match="No space left"):
        steps.run()
    stopping.set()
    assert done == []


def test_a_step_that_hangs_does_not_keep_a_failure_back(steps: Steps) -> None:
    release = threading.Event()

    def fail() -> None:
        raise ValueError("broken")

    steps.add("hangs", partial(release.wait))
    steps.add("fails", fail)
    with pytest.raises(ValueError, match="broken"):
        steps.run()
    release.set()


def test_asked_to_stop_it_stops_though_a_step_hangs(steps: Steps, stopping: threading.Event) -> None:
    release = threading.Event()
    steps.add("hangs", partial(release.wait))
    steps.add("stops", stopping.set)
    with pytest.raises(Stopped):
        steps.run()
    release.set()


def test_a_step_after_an_unknown_one_is_refused(steps: Steps) -> None:
    with pytest.raises(KeyError, match="nobody added"):
        steps.add("web", lambda: None, after=("engine",))
