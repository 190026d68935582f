"""The page that a run leaves: one file that needs nothing from elsewhere, in light and dark, on a phone too."""

import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from simulation.charts import Line, chart
from simulation.measures import Times
from simulation.screen import row

if TYPE_CHECKING:
    from simulation.run import World

TEMPLATE = Path(__file__).with_name("report.html")
POINTS = 120


def told(world: "World", seconds: float, over: bool) -> str:
    """The run in a sentence."""
    done = world.measures.done
    made = (
        f"{done['people']} people, {done['ties']} ties, {done['recommendations followed']} recommendations followed"
    )
    skipped = done["ties skipped"]
    left = f"; {skipped} ties skipped, because somebody could not arrive" if skipped else ""
    end = "" if over else f", ended before the plan ({world.finished} of {len(world.steps)} steps)"
    return f"{made} in {seconds:.1f} s{end}{left}."


def page(world: "World", seconds: float, began: float, sentence: str) -> str:
    """The whole page. `began` is when the run did, in seconds since the epoch."""
    settings = world.settings
    what = f"seed {settings.seed}, {settings.clients} clients, {settings.reads} looks a step"
    values = {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(began)),
        "host": escape(settings.host),
        "what": escape(what),
        "told": escape(sentence),
        "tiles": "".join(_tiles(world, seconds)),
        "charts": "".join(_charts(world)),
        "rows": "".join(_rows(world, seconds)),
        "errors": _errors(world),
    }
    return Template(TEMPLATE.read_text("utf-8")).substitute(values)


def _tiles(world: "World", seconds: float) -> Iterator[str]:
    measures = world.measures
    total = measures.total()
    values = {
        "requests per second": f"{total.count / max(seconds, 0.001):.0f}",
        "p50": f"{total.percentile(0.5):.0f} ms",
        "p95": f"{total.percentile(0.95):.0f} ms",
        "p99": f"{total.percentile(0.99):.0f} ms",
        "errors": str(measures.errors),
        "lag until recommended, p50": _ms(measures.lags, 0.5),
        "lag, p95": _ms(measures.lags, 0.95),
        "not recommended in time": str(measures.unseen),
    }
    for name, value in values.items():
        yield f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"


def _ms(times: Times, share: float) -> str:
    return f"{times.percentile(share):.0f} ms" if times.count else "–"


def _charts(world: "World") -> Iterator[str]:
    width, moments = world.measures.timeline(POINTS)

    def line(name: str, css: str, share: float, lags: bool = False) -> Line:
        return Line(name, css, [_point(moment.lags if lags else moment.times, share) for moment in moments])

    yield chart("Rate", "requests per second", [Line("all", "a", [m.requests / width for m in moments])], width)
    yield chart("Errors", "per second", [Line("errors", "c", [m.errors / width for m in moments])], width)
    yield chart("Times", "ms", [line("p50", "d", 0.5), line("p95", "b", 0.95), line("p99", "c", 0.99)], width)
    yield chart("Lag until recommended", "ms", [line("p50", "d", 0.5, True), line("p95", "b", 0.95, True)], width)


def _point(times: Times, share: float) -> float | None:
    return times.percentile(share) if times.count else None


def _rows(world: "World", seconds: float) -> Iterator[str]:
    measures = world.measures
    for name, kind in measures.kinds.items():
        yield _row(row(name, kind.times, seconds, str(kind.errors.total())))
    yield _row(row("all", measures.total(), seconds, str(measures.errors)))
    yield _row(row("lag until recommended", measures.lags, seconds, f"{measures.unseen} not seen"))


def _row(cells: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _errors(world: "World") -> str:
    found = [
        f"<li>{count} × {escape(name)}: {escape(error)}</li>"
        for name, kind in world.measures.kinds.items()
        for error, count in kind.errors.most_common(10)
    ]
    return f"<h2>Errors</h2><ul>{''.join(found)}</ul>" if found else ""
