"""The wrapper around the driver: what is tried again, what is not."""

from collections.abc import Callable

import pytest
from neo4j.exceptions import ClientError, ConstraintError, ServiceUnavailable, TransientError

from config.environment import InvalidSetting
from recommendations import graph, graph_models


class Fails:
    """Raises so many times, then returns how often it was called."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left, self.error, self.calls = times, error, 0

    def __call__(self) -> int:
        """One attempt."""
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return self.calls


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are written down instead."""
    slept: list[float] = []
    monkeypatch.setattr("recommendations.graph.time.sleep", slept.append)
    return slept


def transient() -> TransientError:
    """As the server says it: a deadlock."""
    error = TransientError("deadlock")
    error._retryable = True
    return error


@pytest.mark.parametrize("error", [transient, lambda: ConstraintError("made at once")])
def test_what_is_momentary_is_tried_again(error: Callable[[], Exception], no_sleep: list[float]) -> None:
    assert graph._retried(Fails(4, error()), 12) == 5
    assert len(no_sleep) == 4
    assert all(0 <= seconds < 0.5 for seconds in no_sleep)


def test_not_for_ever() -> None:
    work = Fails(99, transient())
    with pytest.raises(graph.Unavailable):
        graph._retried(work, 12)
    assert work.calls == 12


def test_a_stale_connection_is_worth_one_more(no_sleep: list[float]) -> None:
    assert graph._retried(Fails(1, ServiceUnavailable("stale")), 12) == 2
    work = Fails(99, ServiceUnavailable("away"))
    with pytest.raises(graph.Unavailable):
        graph._retried(work, 12)
    assert work.calls == 2


def test_what_will_never_work_is_not_tried_again() -> None:
    work = Fails(99, ClientError("syntax"))
    with pytest.raises(ClientError):
        graph._retried(work, 12)
    assert work.calls == 1


def test_an_address_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_BOLT_URL", "")
    with pytest.raises(InvalidSetting, match="NEO4J_BOLT_URL"):
        graph.driver()


def test_login_and_database_come_from_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_BOLT_URL", "bolt://neo4j:p%40ss@127.0.0.1:1/graph")
    try:
        assert graph._driver()[1] == "graph"
        assert graph.driver() is graph.driver()
    finally:
        graph.close()


def test_every_unique_property_of_the_models_has_a_constraint() -> None:
    assert graph_models.constraints() == [
        "CREATE CONSTRAINT user_userId IF NOT EXISTS FOR (node:User) REQUIRE node.userId IS UNIQUE",
        "CREATE CONSTRAINT checkpoint_place IF NOT EXISTS FOR (node:Checkpoint) REQUIRE node.place IS UNIQUE",
        "CREATE CONSTRAINT writer_name IF NOT EXISTS FOR (node:Writer) REQUIRE node.name IS UNIQUE",
        "CREATE CONSTRAINT rebuild_name IF NOT EXISTS FOR (node:Rebuild) REQUIRE node.name IS UNIQUE",
    ]
