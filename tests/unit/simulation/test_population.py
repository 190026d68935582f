"""Who arrives and who befriends whom follows from a seed, has the wanted size, and grows as networks of people do."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.behaviour import Read, looks
from simulation.population import Arrival, Impossible, Tie, plan


@given(st.data())
def test_it_has_exactly_so_many_people_and_different_ties(data: st.DataObject) -> None:
    users = data.draw(st.integers(1, 40))
    ties = data.draw(st.integers(0, users * (users - 1) // 2))
    arrived: set[int] = set()
    pairs: list[frozenset[int]] = []
    for step in plan(users, ties, data.draw(st.integers(0, 9))):
        if isinstance(step, Arrival):
            assert step.person == len(arrived)
            arrived.add(step.person)
        else:
            assert step.one != step.other
            assert {step.one, step.other} <= arrived
            assert step.newcomer <= all(step.one not in pair for pair in pairs)
            pairs.append(frozenset((step.one, step.other)))
    assert len(arrived) == users
    assert len(pairs) == len(set(pairs)) == ties


def test_a_seed_makes_the_same_and_another_one_another() -> None:
    assert plan(100, 300, 7) == plan(100, 300, 7)
    assert plan(100, 300, 7) != plan(100, 300, 8)


def test_the_popular_get_more_popular() -> None:
    """In a random network of this density nobody has five times the mean; in this kind somebody does."""
    steps = plan(600, 2000, 1)
    degrees = Counter(person for step in steps if isinstance(step, Tie) for person in (step.one, step.other))
    assert max(degrees.values()) > 5 * 2 * 2000 / 600


def test_more_ties_than_pairs_are_refused_with_the_number() -> None:
    with pytest.raises(Impossible, match="3 people can have 0 to 3 ties, not 4"):
        plan(3, 4, 1)


def test_people_have_different_names() -> None:
    names = {Arrival(person).name for person in range(2000)}
    assert len(names) == 2000


def test_who_looks_at_what_follows_from_the_seed_and_shows_everything() -> None:
    seen = [look for step in range(200) for look in looks(1, step, 50, 3, 0.1)]
    assert seen == [look for step in range(200) for look in looks(1, step, 50, 3, 0.1)]
    assert len(seen) == 600
    assert {look.read for look in seen} == set(Read)
    assert {look.read for look in seen if look.follow} == {Read.RECOMMENDATIONS}
    assert all(0 <= look.person < 50 and 0 <= look.beside < 50 for look in seen)
