"""Writes the client's ledger: a line before each sending, a line after each answer, each flushed at once.

`chaos/account/ledger.py` reads it; the two share no code, so that a mistake in one is not made again by the other.
"""

import json
import threading
import time
from pathlib import Path
from typing import Any


class Ledger:
    """The file of one run. Any thread may write."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self._numbers = 0

    def number(self) -> int:
        """The next request's number."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def write(self, what: str, **values: Any) -> None:
        """A line, with the moment at which it is written."""
        with self._lock:
            self._file.write(json.dumps({"what": what, "at": time.monotonic_ns(), **values}) + "\n")
            self._file.flush()

    def close(self) -> None:
        """No more lines come."""
        self._file.close()
