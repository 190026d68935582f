"""The log of an engine: appended to, never without bound, and read back for the sentence about a failed start."""

import os
from pathlib import Path

LOG_BYTES = 10_000_000
# What a last line must not be: the frames of a stack trace say less than the line above them.
FRAMES = ("at ", "... ", "\tat")


class Log:
    """One file; remembers where the current run begins."""

    def __init__(self, path: Path) -> None:
        self.path, self._begin = path, 0

    def open(self) -> int:
        """A descriptor to write to, for a process that starts now. The caller closes it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and self.path.stat().st_size > LOG_BYTES:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._begin = os.fstat(handle).st_size
        return handle

    def lines(self) -> list[str]:
        """What the current run has written, without empty lines."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._begin)
                text = file.read().decode(errors="replace")
        except FileNotFoundError:
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    def last(self) -> str:
        """The line that says most about an end: the last one with an error in it, or else the last."""
        lines = [line.strip() for line in self.lines() if not line.lstrip().startswith(FRAMES)]
        told = [line for line in lines if any(word in line for word in ("FATAL", "Caused by", "ERROR", "Exception"))]
        return (told or lines or ["(its log is empty)"])[-1][:400]
