"""What a person sees: how far it is, second by second, and the summary. Line by line where there is no terminal."""

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.table import Table

from simulation.measures import Measures, Times

if TYPE_CHECKING:
    from simulation.run import World

LINE_EVERY = 5.0
# So many seconds are what `now` means.
NOW = 5
WIDTH_OF_A_FILE = 120


class Screen:
    """Standard output."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            self.console = Console(highlight=False, width=WIDTH_OF_A_FILE)
        self._live = Live(console=self.console, auto_refresh=False, transient=True)
        self._next = 0.0

    def show(self, world: "World") -> None:
        """The present state: in place on a terminal, else a line every few seconds."""
        if self.console.is_terminal:
            if not self._live.is_started:
                self._live.start()
            self._live.update(progress(world), refresh=True)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + LINE_EVERY
            self.console.print(progress(world), soft_wrap=True)

    def end(self) -> None:
        """No more progress."""
        if self._live.is_started:
            self._live.stop()


def progress(world: "World") -> str:
    """One line: how far, how fast, how slow, how wrong, how late."""
    measures, second = world.measures, world.elapsed()
    now = measures.recent(second, NOW)
    rate = now.requests / max(1.0, min(NOW, int(second)))
    share = 100 * world.finished // len(world.steps)
    return (
        f"{second:5.0f} s  {share:3d} %  {measures.done['people']} people, {measures.done['ties']} ties, "
        f"{measures.done['recommendations followed']} followed  {rate:.0f} requests/s  "
        f"p95 {now.times.percentile(0.95):.0f} ms  {measures.errors} errors  "
        f"lag {measures.lags.percentile(0.5):.0f} ms"
    )


def summary(measures: Measures, seconds: float) -> Table:
    """Each kind of request: how many, how fast, how slow, how many went wrong."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("", "requests", "per s", "p50 ms", "p95 ms", "p99 ms", "longest", "errors"):
        table.add_column(title, justify="left" if not title else "right", no_wrap=True)
    for name, kind in measures.kinds.items():
        table.add_row(*row(name, kind.times, seconds, str(kind.errors.total())))
    table.add_row(*row("all", measures.total(), seconds, str(measures.errors)), style="bold")
    table.add_row(*row("lag until recommended", measures.lags, seconds, f"{measures.unseen} not seen"))
    return table


def row(name: str, times: Times, seconds: float, errors: str) -> tuple[str, ...]:
    """One line of the summary."""
    shares = (times.percentile(share) for share in (0.5, 0.95, 0.99))
    rate = f"{times.count / max(seconds, 0.001):.1f}"
    return name, str(times.count), rate, *(f"{ms:.0f}" for ms in shares), f"{times.longest:.0f}", errors
