"""How often requests may be sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.budget import FLOOR_PER_SECOND, MOST_SAVED, SHARE, Budget

_STEPS = st.lists(st.tuples(st.floats(0.0, 5.0), st.integers(0, 50), st.integers(0, 50)), max_size=30)


@given(_STEPS, st.sampled_from([1, 2, 4]))
def test_retries_stay_within_the_share_and_the_floor(steps: list[tuple[float, int, int]], workers: int) -> None:
    floor = FLOOR_PER_SECOND / workers
    # Whatever the clock shows when it begins.
    budget, now, requests, retries = Budget(floor=floor), 1e6, 0, 0
    for later, asked, wanted in steps:
        now += later
        requests += asked
        for _ in range(asked):
            budget.request()
        retries += sum(budget.take(now) for _ in range(wanted))
        assert retries <= floor + SHARE * requests + floor * (now - 1e6) + 1e-6


@given(st.integers(0, 100_000), st.floats(0.0, 1e6))
def test_what_is_saved_up_is_bounded(requests: int, seconds: float) -> None:
    budget = Budget()
    for _ in range(min(requests, 2000)):
        budget.request()
    assert sum(budget.take(seconds) for _ in range(500)) <= MOST_SAVED


@pytest.mark.parametrize("rate", [0, 10, 200])
def test_a_share_of_the_requests_and_a_floor_are_granted(rate: int) -> None:
    """Everything fails and wants to be tried again, for a minute."""
    budget, granted = Budget(), 0
    for second in range(1000, 1060):
        for number in range(max(rate, 10)):
            if number < rate:
                budget.request()
            granted += budget.take(second)
    expected = 60 * (FLOOR_PER_SECOND + SHARE * rate)
    assert expected - 5 <= granted <= expected + FLOOR_PER_SECOND


def test_a_clock_that_stands_still_gives_nothing() -> None:
    budget = Budget(floor=1.0)
    assert [budget.take(0.0) for _ in range(3)] == [True, False, False]
    assert [budget.take(1.0) for _ in range(2)] == [True, False]
