"""Work is cut down until it gets its turn."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations import graph
from recommendations.portions import Portions


@given(number=st.integers(0, 60), size=st.integers(1, 30), most=st.integers(1, 30))
def test_everything_is_done_once_in_order_in_portions_that_get_through(number: int, size: int, most: int) -> None:
    names = [f"user-{one}" for one in range(number)]
    done: list[str] = []

    def work(portion: Sequence[str]) -> int:
        if len(portion) > most:
            raise graph.Busy("others were faster")
        done.extend(portion)
        return len(portion)

    portions = Portions(size)
    assert sum(portions(names, work)) == number
    assert done == names
    assert portions.size <= max(size, 1)


def test_the_size_that_got_through_is_remembered() -> None:
    tried: list[int] = []

    def work(portion: Sequence[str]) -> None:
        tried.append(len(portion))
        if len(portion) > 10:
            raise graph.Busy("others were faster")

    portions = Portions(100)
    portions(["a"] * 12, work)
    portions(["b"] * 3, work)
    assert tried == [12, 3, 3, 3, 3, 3]


@pytest.mark.parametrize(("error", "calls"), [(graph.Busy, 3), (graph.Unavailable, 1)])
def test_a_graph_that_is_away_is_not_busy(error: type[Exception], calls: int) -> None:
    tried: list[int] = []

    def work(portion: Sequence[str]) -> None:
        tried.append(len(portion))
        raise error("no")

    with pytest.raises(error):
        Portions(16)(["a"] * 16, work)
    assert len(tried) == calls
