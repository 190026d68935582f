"""The two queries against a brute-force search through a model, on random graphs."""

from collections.abc import Callable

import pytest

from recommendations import queries
from tests.integration.recommendations import model
from tests.integration.recommendations.conftest import Append
from tests.integration.recommendations.histories import History, random_history


@pytest.fixture(params=range(3))
def history(request: pytest.FixtureRequest, append: Append, project: Callable[[], None]) -> History:
    """60 people, some of them stubs, ties made, ended and made again; projected."""
    found = random_history(request.param, people=60, ties=(120, 400, 1200)[request.param], stubs=5)
    append(found.events)
    project()
    return found


def test_recommendations_are_those_of_a_search_through_everybody(history: History) -> None:
    tied = 0
    for me in range(1, 63):
        for limit in (1, 20, 100):
            found = queries.recommended_friends(me, limit=limit)
            assert found == model.recommended_friends(history, me, limit), me
        weights = [entry["weight"] for entry in found]
        tied += len(weights) - len(set(weights))
    assert tied > 50, "a history without ties in rank would not show their order"


def test_mutual_friends_are_those_of_a_search_through_everybody(history: History) -> None:
    found = 0
    for one in range(1, 62, 3):
        for other in range(1, 62, 2):
            mutual = queries.mutual_friends(one, other)
            assert mutual == model.mutual_friends(history, one, other), (one, other)
            found += len(mutual)
    assert found > 50


def test_nobody_is_recommended_themselves_a_friend_or_twice(history: History) -> None:
    for me in range(1, 61):
        ids = [entry["user"]["id"] for entry in queries.recommended_friends(me, limit=100)]
        assert len(ids) == len(set(ids))
        assert not set(ids) & (history.friends_of(me) | {me})


@pytest.mark.parametrize("number", [0, -1, 999, 2**63 - 1, -(2**63)])
def test_nobody_knows_an_unknown_user(number: int) -> None:
    assert queries.recommended_friends(number, limit=20) == []
    assert queries.mutual_friends(number, number) == []


def test_who_has_no_name_yet_is_neither_shown_nor_counted(append: Append, project: Callable[[], None]) -> None:
    history = History()
    for number in (1, 2, 3):
        history.user(number)
    history.befriend(1, 2)
    history.befriend(2, 3)
    history.befriend(1, 9)
    history.befriend(9, 3)
    history.befriend(2, 8)
    append(history.events)
    project()
    assert queries.recommended_friends(1, limit=20) == [{"user": model.record(history, 3), "weight": 1}]
    assert queries.mutual_friends(1, 3) == [model.record(history, 2)]
    append([history.user(9), history.user(8)])
    project()
    assert [entry["weight"] for entry in queries.recommended_friends(1, limit=20)] == [2, 1]
