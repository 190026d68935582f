"""Events become the graph: in any order, any number of times, in batches of any size."""

import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventsourcing.event import Event
from recommendations import graph, projection
from recommendations.events import Change, change
from recommendations.log import Mark, Place
from recommendations.projection import CheckpointMoved
from tests.integration.recommendations import model
from tests.integration.recommendations.conftest import Append, empty
from tests.integration.recommendations.histories import History, random_history, shuffled


def changes(events: Sequence[Event]) -> list[Change]:
    """What the events say."""
    return [change(event) for event in events]


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[History, list[list[Event]]]:
    """A valid history of few people, and its events in any order, some twice, cut into batches."""
    history = History()
    people = st.integers(1, 4)
    for _ in range(draw(st.integers(1, 14))):
        one, other = draw(people), draw(people)
        if one == other:
            history.user(one, first=draw(st.sampled_from(["Ada", "Žofie", "李"])))
        elif (min(one, other), max(one, other)) in history.friends:
            history.unfriend(one, other)
        else:
            history.befriend(one, other)
    delivered = draw(st.permutations([*history.events, *draw(st.lists(st.sampled_from(history.events), max_size=5))]))
    batches: list[list[Event]] = [[]]
    for event in delivered:
        batches[-1].append(event)
        if draw(st.booleans()):
            batches.append([])
    return history, batches


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivery=deliveries())
def test_any_order_and_repetition_gives_the_fold(delivery: tuple[History, list[list[Event]]]) -> None:
    history, batches = delivery
    empty()
    for events in batches:
        projection.apply(changes(events))
    assert model.shown() == model.fold(history.events)


@pytest.mark.parametrize("seed", range(3))
def test_a_long_history_through_log_and_projector(seed: int, append: Append, project: Callable[[], None]) -> None:
    history = random_history(seed, people=40, ties=600)
    delivered = shuffled(history.events, seed)
    for start in range(0, len(delivered), 150):
        append(delivered[start : start + 150])
        project()
    assert model.shown() == model.fold(history.events)


def test_a_tie_before_its_users_makes_stubs_that_their_events_complete() -> None:
    history = History()
    history.befriend(9, 4)
    projection.apply(changes(history.events))
    users, edges = model.shown()
    assert users == {4: {"userId": 4, "version": 0}, 9: {"userId": 9, "version": 0}}
    assert [name for name, _ in edges[4, 9]] == ["FRIEND"]
    projection.apply(changes([history.user(9)]))
    assert model.shown() == model.fold(history.events)


def test_a_removal_is_remembered_against_an_older_addition() -> None:
    history = History()
    added, removed = history.befriend(2, 1), history.unfriend(1, 2)
    projection.apply(changes([removed]))
    projection.apply(changes([added]))
    assert model.shown()[1] == {(1, 2): [("UNFRIENDED", {"version": 2})]}


def test_the_edge_runs_from_low_to_high_whoever_asked() -> None:
    history = History()
    history.befriend(7, 3)
    projection.apply(changes(history.events))
    _, edges = model.shown()
    assert list(edges) == [(3, 7)]
    assert edges[3, 7][0][1]["userId"] == 7


def test_checkpoints_and_changes_stand_or_fall_together() -> None:
    history, place = History(), Place("user", 0)
    moved = {place: Mark(position=1, event_id="a")}
    projection.project(changes([history.user(1)]), before={}, moves=moved)
    assert projection.checkpoints() == moved
    with pytest.raises(CheckpointMoved):
        projection.project(changes([history.user(2)]), before={}, moves={place: Mark(position=2, event_id="b")})
    assert projection.checkpoints() == moved
    assert set(model.shown()[0]) == {1}


def test_writers_at_once_take_turns() -> None:
    histories = [random_history(seed, people=12, ties=60) for seed in (1, 2)]
    streams = {event.stream for event in histories[0].events}
    # The same people for both: the second history's events go on where the first's end.
    later = [event for event in histories[1].events if event.stream not in streams]
    failures: list[BaseException] = []

    def deliver(events: Sequence[Event]) -> None:
        try:
            for start in range(0, len(events), 5):
                projection.apply(changes(events[start : start + 5]))
        except BaseException as error:  # noqa: BLE001 -- shown by the test's own thread
            failures.append(error)

    threads = [
        threading.Thread(target=deliver, args=[events])
        for events in (histories[0].events, shuffled(histories[0].events, 5), later)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert model.shown() == model.fold([*histories[0].events, *later])
    assert graph.read("MATCH (writer:Writer) RETURN count(writer) AS number", {}) == [{"number": 1}]
