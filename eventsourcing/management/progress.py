"""A line of progress on a terminal, for commands that take a while."""

import sys
import time
from typing import TextIO


class Progress:
    """Counts on one line of a terminal, renewed a few times a second; on anything else only the last line."""

    def __init__(self, what: str, *, total: int | None = None, out: TextIO | None = None) -> None:
        self._what, self._total, self._out = what, total, out or sys.stderr
        self._done, self._began, self._shown = 0, time.monotonic(), 0.0

    def __call__(self, done: int) -> None:
        """So many more are done."""
        self._done += done
        if self._out.isatty() and time.monotonic() - self._shown > 0.2:
            self._shown = time.monotonic()
            self._out.write(f"\r{self._line()} ")
            self._out.flush()

    def end(self) -> None:
        """Write the last line."""
        self._out.write(("\r" if self._out.isatty() else "") + self._line() + "\n")

    def _line(self) -> str:
        seconds = max(time.monotonic() - self._began, 0.001)
        of = f" of {self._total:,}" if self._total else ""
        return f"{self._done:,}{of} {self._what}, {self._done / seconds:,.0f}/s"
