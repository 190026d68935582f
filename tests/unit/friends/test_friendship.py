"""The rules of a friendship: any sequence of commands keeps them, and the state is the fold of the events."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsourcing.event import Event, Metadata, NewEvent
from friends import friendship
from friends.friendship import AlreadyFriends, Friendship, NotFriends, WithOneself
from friends.state import to_row
from service import context

AT = datetime(2026, 11, 24, 19, 25, 29, 363000, UTC)
people = st.integers(min_value=1, max_value=4)
commands = st.lists(st.tuples(st.sampled_from(["add", "remove"]), people, people), max_size=40)


class Model:
    """Friendships by pair with their events, driven by the aggregate's rules alone."""

    def __init__(self) -> None:
        self.state: dict[tuple[int, int], Friendship] = {}
        self.events: dict[tuple[int, int], list[NewEvent]] = {}

    def run(self, name: str, user_id: int, friend_id: int, at: datetime) -> None:
        """One command; refused ones raise and change nothing."""
        key = friendship.pair(user_id, friend_id)
        current = self.state.get(key)
        if name == "add":
            new_id = len(self.state) + 1
            changed, event = friendship.add(current, new_id=new_id, user_id=user_id, friend_id=friend_id, at=at)
        else:
            changed, event = friendship.remove(current, user_id=user_id, friend_id=friend_id, at=at)
        self.state[key] = changed
        self.events.setdefault(key, []).append(event)


def fold(events: list[NewEvent]) -> Friendship | None:
    state: Friendship | None = None
    for version, event in enumerate(events, start=1):
        state = friendship.evolve(
            state,
            Event(
                position=version,
                event_id=context.new_id(),
                stream="friendship-1-2",
                version=version,
                type=event.type,
                schema_version=1,
                subject=event.subject,
                occurred_at=event.occurred_at,
                metadata=Metadata(correlation_id="r", traceparent="t"),
            ),
        )
    return state


@given(commands)
def test_any_sequence_of_commands_keeps_the_rules(sequence: list[tuple[str, int, int]]) -> None:
    model = Model()
    friends: set[tuple[int, int]] = set()
    for step, (name, user_id, friend_id) in enumerate(sequence):
        expected = (min(user_id, friend_id), max(user_id, friend_id))
        wrong = user_id == friend_id or (name == "add") == (expected in friends)
        if wrong:
            with pytest.raises((WithOneself, AlreadyFriends, NotFriends)):
                model.run(name, user_id, friend_id, AT + timedelta(seconds=step))
            continue
        model.run(name, user_id, friend_id, AT + timedelta(seconds=step))
        friends ^= {expected}
    assert {pair for pair, state in model.state.items() if state.active} == friends
    assert all(low < high for low, high in model.state)
    for pair, state in model.state.items():
        assert fold(model.events[pair]) == state
        assert state.version == len(model.events[pair])
        # Both see the same friendship, each with themselves as the one asked for.
        seen = [friendship.record(state, seen_by=one) for one in pair]
        assert [record["userId"] for record in seen] == list(pair)
        assert [record["friendId"] for record in seen] == list(reversed(pair))


def test_a_friendship_begun_again_keeps_its_id_and_has_a_new_beginning() -> None:
    model = Model()
    model.run("add", 1, 2, AT)
    model.run("remove", 2, 1, AT + timedelta(seconds=1))
    model.run("add", 2, 1, AT + timedelta(seconds=2))
    again = model.state[1, 2]
    assert (again.id, again.version, again.active) == (1, 3, True)
    assert again.created_at == AT + timedelta(seconds=2)
    assert (again.user_id, again.friend_id) == (2, 1)


def test_time_never_runs_backwards_within_a_friendship() -> None:
    model = Model()
    model.run("add", 1, 2, AT)
    model.run("remove", 1, 2, AT - timedelta(hours=1))
    assert model.state[1, 2].updated_at == AT


def test_the_stream_is_the_same_in_either_direction() -> None:
    assert friendship.stream_of(4, 3) == friendship.stream_of(3, 4) == "friendship-3-4"


def test_the_record_is_that_of_who_asked_unless_seen_by_the_other() -> None:
    added, event = friendship.add(None, new_id=9, user_id=4, friend_id=3, at=AT)
    assert friendship.record(added) == event.subject
    assert (event.subject["userId"], event.subject["friendId"]) == (4, 3)
    row = to_row(added)
    assert (row["low"], row["high"], row["user_id"]) == (3, 4, 4)
