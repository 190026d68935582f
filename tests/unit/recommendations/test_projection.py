"""What is decided before anything reaches the graph."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations import projection
from recommendations.comparison import Difference, Streams, positions
from recommendations.events import Change, Person, Tie
from recommendations.log import Mark, Place

TIME = "2026-11-24T19:25:29.363+00:00"


def person(number: int, version: int) -> Person:
    """A user in a version."""
    return Person(user_id=number, version=version, first_name="A", last_name="B", created_at=TIME, last_modified=TIME)


def tie(low: int, high: int, version: int) -> Tie:
    """A friendship in a version: friends in the odd ones."""
    return Tie(
        low=low,
        high=high,
        version=version,
        friends=version % 2 == 1,
        id=1,
        user_id=low,
        created_at=TIME,
        updated_at=TIME,
    )


CHANGES = st.lists(
    st.builds(person, st.integers(1, 3), st.integers(1, 5))
    | st.builds(tie, st.integers(1, 2), st.integers(3, 4), st.integers(1, 5))
)


@given(changes=CHANGES, seed=st.integers())
def test_a_batch_collapses_to_the_last_version_of_each_stream(changes: list[Change], seed: int) -> None:
    wanted = {one.stream: max(c.version for c in changes if c.stream == one.stream) for one in changes}
    random.Random(seed).shuffle(changes)
    found = projection.newest(changes)
    assert {one.stream: one.version for one in found} == wanted
    assert len(found) == len(wanted)


def test_an_ended_friendship_keeps_its_version_and_nothing_else() -> None:
    assert projection.properties(tie(1, 2, 4)) == {"version": 4}
    assert set(projection.properties(tie(1, 2, 3))) == {"id", "version", "userId", "createdAt", "updatedAt"}


def test_streams_are_known_by_their_names() -> None:
    found = Streams(
        [
            "user-7",
            "friendship-3-4",
            "user--5",
            "user-x",
            "user-7-8",
            "friendship-3",
            "order-9",
            f"user-{2**63}",
            "user-7\n",
        ]
    )
    assert found.people == {7: "user-7", -5: "user--5"}
    assert found.ties == {(3, 4): "friendship-3-4"}
    assert found.pairs == [{"low": 3, "high": 4}]


def test_positions_are_the_further_of_checkpoint_and_bound() -> None:
    one, other, third = Place("user", 0), Place("user", 1), Place("friend", 0)
    checkpoints = {one: Mark(position=5, event_id="a"), other: Mark(position=9, event_id="b")}
    assert positions(checkpoints, {one: 7, other: 7, third: 1}) == {one: 7, other: 9, third: 1}
    assert positions(checkpoints) == {one: 5, other: 9}


@pytest.mark.parametrize(
    ("expected", "actual", "text"),
    [
        ([{"version": 1}], [], "user-1: is missing in the graph"),
        ([], [{"version": 1}], "user-1: stands in the graph, the log knows nothing of it"),
        ([{"version": 1}], [{"version": 1}] * 2, "user-1: stands in the graph 2 times"),
        ([{"version": 2, "lastName": "B"}], [{"version": 1, "x": 1}], "user-1: differs in lastName, version, x"),
    ],
)
def test_a_difference_names_members_not_what_they_hold(
    expected: list[dict[str, object]], actual: list[dict[str, object]], text: str
) -> None:
    assert str(Difference(stream="user-1", expected=expected, actual=actual)) == text
