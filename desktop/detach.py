"""`up --detach`: a supervisor in the background, whose progress is shown here until all is healthy."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from desktop import preflight, signals
from desktop.bootstrap import BASE
from desktop.errors import DesktopError, Stopped

Notice = Callable[[str], None]
# How long a supervisor that has given up may take for its own end.
ENDING_SECONDS = 10.0


class Reporter:
    """The background side: sends progress to whoever started it, and to the log from then on."""

    def __init__(self, descriptor: int) -> None:
        self._pipe: IO[str] | None = os.fdopen(descriptor, "w", buffering=1)
        self._lock = threading.Lock()

    def notice(self, text: str) -> None:
        """A line of progress: for the starter's screen and the log."""
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}", flush=True)
        self._send({"notice": text})

    def ready(self) -> None:
        """All is healthy: whoever waits may go."""
        self._send({"ready": True})
        self._close()

    def failed(self, sentence: str) -> None:
        """The start has failed, and nothing is left running."""
        print(sentence, flush=True)
        self._send({"failed": sentence})
        self._close()

    def _send(self, message: dict[str, object]) -> None:
        with self._lock:
            if self._pipe is None:
                return
            try:
                self._pipe.write(json.dumps(message) + "\n")
            except BrokenPipeError:
                # Whoever waited was killed; the system goes on, as it was asked to.
                self._pipe = None

    def _close(self) -> None:
        with self._lock:
            if self._pipe is not None:
                self._pipe.close()
                self._pipe = None


def start(data: Path, options: Sequence[str], notice: Notice) -> None:
    """Starts a supervisor in a session of its own and returns when it says that all is healthy.

    Raises DesktopError with its sentence when it fails, Stopped when somebody asked to stop meanwhile.
    """
    preflight.claim(data)
    (data / "logs").mkdir(exist_ok=True)
    reader, writer = os.pipe()
    with (data / "logs" / "supervisor.log").open("a") as log:
        child = subprocess.Popen(
            [sys.executable, str(BASE / "manage.py"), "up", *options, "--report-to", str(writer)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writer,),
            start_new_session=True,
        )
    os.close(writer)
    stopping = threading.Event()
    with os.fdopen(reader) as reports, signals.asking(stopping):
        threading.Thread(target=_pass_on, args=(stopping, child), daemon=True).start()
        try:
            _follow(reports, stopping, notice, data)
        except (DesktopError, Stopped):
            # It has said so as its last word but one: "nothing left running" is true of itself too.
            with suppress(subprocess.TimeoutExpired):
                child.wait(ENDING_SECONDS)
            raise


def _pass_on(stopping: threading.Event, child: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C while it starts is meant for the supervisor."""
    stopping.wait()
    child.send_signal(signal.SIGTERM)


def _follow(reports: IO[str], stopping: threading.Event, notice: Notice, data: Path) -> None:
    for line in reports:
        report = json.loads(line)
        if "ready" in report:
            return
        if "failed" in report:
            raise DesktopError(report["failed"])
        notice(report["notice"])
    if stopping.is_set():
        raise Stopped
    raise DesktopError(f"The supervisor ended without a word; see {data / 'logs' / 'supervisor.log'}.")
