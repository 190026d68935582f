"""Percentiles are those of what was measured, whatever it was cut into."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.measures import Measures, Times

SHARES = (0.0, 0.5, 0.95, 0.99, 1.0)


@given(st.lists(st.floats(0.2, 60_000), min_size=1, max_size=200), st.sampled_from(SHARES))
def test_a_percentile_is_right_to_one_per_cent(values: list[float], share: float) -> None:
    times = Times()
    for value in values:
        times.add(value)
    exact = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    assert times.percentile(share) == pytest.approx(exact, rel=0.011)
    assert times.longest == max(values)


def test_nothing_measured_is_nothing() -> None:
    assert Times().percentile(0.5) == 0
    assert Measures().timeline(10)[0] == 1


def test_totals_are_the_sum_of_all_kinds_and_of_all_seconds() -> None:
    measures = Measures()
    for second in range(100):
        measures.request("arrive", second + 0.5, 10)
        measures.request("friends", second + 0.5, 20, "answered 503" if second % 10 == 0 else "")
    measures.lag(99.2, 300)
    assert (measures.requests, measures.errors) == (200, 10)
    assert measures.kinds["friends"].errors == {"answered 503": 10}
    assert measures.total().percentile(0.5) == pytest.approx(10, rel=0.011)
    width, pieces = measures.timeline(30)
    assert width == 4
    assert len(pieces) == 25
    assert sum(piece.requests for piece in pieces) == 200
    assert pieces[-1].lags.count == 1
    assert measures.recent(50.9, 5).requests == 10
