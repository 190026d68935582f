"""Long-running processes beside the web workers: relay, consumer, projector.

They stop between two steps when they are asked to (SIGTERM, SIGINT), and touch a heartbeat file as they go, so that
whoever looks after them can tell a working process from a stuck one.
"""

import signal
import threading
import time
from pathlib import Path
from types import FrameType

from django.conf import settings

from service import metrics

HEARTBEAT = metrics.gauge(
    "worker_heartbeat_timestamp_seconds",
    "When the process last said that its loop goes round, in seconds since 1970.",
    where="each relay, consumer, projector",
)


class Stopper:
    """Asked by signals, looked at by loops."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def install(self) -> "Stopper":
        """Let SIGTERM and SIGINT ask to stop. Only in a process's main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked)
        return self

    def _asked(self, number: int, frame: FrameType | None) -> None:
        self._event.set()

    def stop(self) -> None:
        """Ask to stop, from within the process."""
        self._event.set()

    @property
    def stopping(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, at most until asked to stop; True when asked."""
        return self._event.wait(seconds)


class Heartbeat:
    """The file `RUN_DIR/<process>.heartbeat`, touched at most once a second: its age says that a loop goes round."""

    def __init__(self, process: str, folder: Path | None = None) -> None:
        self.path = (folder or settings.RUN_DIR) / f"{process}.heartbeat"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._next = 0.0

    def beat(self) -> None:
        """Say that the process is alive and at work."""
        moment = time.monotonic()
        if moment >= self._next:
            self.path.touch()
            HEARTBEAT.set_to_current_time()
            self._next = moment + 1.0

    def end(self) -> None:
        """Take the file away: the process ended as it should."""
        self.path.unlink(missing_ok=True)
