"""A chart shows all values within its frame, and nothing where nothing was measured."""

import re

import pytest

from simulation.charts import HEIGHT, WIDTH, Line, ceiling, chart


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (0.3, 0.5), (1, 1), (3, 5), (99, 100), (101, 200), (5000, 5000)]
)
def test_an_axis_ends_at_a_round_number(highest: float, top: float) -> None:
    assert ceiling(highest) == pytest.approx(top)


def test_every_point_is_inside_and_gaps_are_gaps() -> None:
    drawn = chart("Times <ms>", "ms", [Line("p50", "a", [1, None, 7, 3]), Line("none", "b", [None] * 4)], 2)
    assert "Times &lt;ms&gt;" in drawn
    path = re.findall(r'class="line a" d="([^"]*)"', drawn)[0]
    points = [tuple(map(float, point)) for point in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]
    assert len(points) == 3
    assert path.count("M") == 2
    assert drawn.count("<circle") == 1
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert 'class="line b" d=""' in drawn
    assert ">6 s<" in drawn
