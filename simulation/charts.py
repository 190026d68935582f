"""Line charts as SVG: no script, nothing from elsewhere; colours come from the page, so that it may be dark."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

# Narrow enough that the labels can be read on a phone.
WIDTH, HEIGHT = 480, 200
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 28
ROUND = (1, 2, 5, 10)
LINES = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A series; `None` where there is nothing to show. `css` names its colour."""

    name: str
    css: str
    values: Sequence[float | None]


def ceiling(highest: float) -> float:
    """The next round number: 1, 2 or 5 times a power of ten."""
    if highest <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(highest))
    return float(next(step * power for step in ROUND if step * power >= highest))


def chart(title: str, unit: str, lines: Sequence[Line], width: int) -> str:
    """A figure with a legend; each value stands for `width` seconds."""
    top = ceiling(max((value for line in lines for value in line.values if value is not None), default=0))
    count = max(len(line.values) for line in lines)
    marks = "".join((*_grid(top), *_seconds(count, width), *(_path(line, top, count) for line in lines)))
    legend = "".join(f'<span class="key {line.css}">{escape(line.name)}</span>' for line in lines)
    return (
        f'<figure><figcaption><b>{escape(title)}</b> <span class="unit">{escape(unit)}</span> {legend}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{marks}</svg></figure>'
    )


def _x(place: float, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * place / max(1, count - 1)


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)


def _grid(top: float) -> Iterable[str]:
    for place in range(LINES + 1):
        value = top * place / LINES
        y = _y(value, top)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'


def _seconds(count: int, width: int) -> Iterable[str]:
    step = max(1, round((count - 1) / 5))
    for place in range(0, count, step):
        x = _x(place, count)
        yield f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{place * width} s</text>'


def _path(line: Line, top: float, count: int) -> str:
    """One stroke for each run of values, and a dot for a value alone between gaps."""
    strokes, dots, pen = [], [], "M"
    values = (None, *line.values, None)
    for place, value in enumerate(line.values):
        if value is None:
            pen = "M"
            continue
        x, y = _x(place, count), _y(value, top)
        strokes.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
        if values[place] is None and values[place + 2] is None:
            dots.append(f'<circle class="dot {line.css}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>')
    return f'<path class="line {line.css}" d="{"".join(strokes)}"/>{"".join(dots)}'
