"""The supervisor's side of `desktop.prepare`."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

from desktop.bootstrap import BASE
from desktop.errors import DesktopError
from desktop.process import Environment


class Preparation:
    """A service that is being made ready; its steps are done one after the other."""

    def __init__(self, name: str, environment: Environment, log: Path) -> None:
        self.name, self.log = name, log
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts the process; it loads Django while other things go on."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "desktop.prepare"],
                cwd=BASE,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def step(self, step: str) -> None:
        """Has one step carried out. Raises DesktopError with the last lines of what it said when it fails."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError("start() comes first.")
        answer = ""
        # A process that has ended reads no more; what it said stands in its log.
        with contextlib.suppress(BrokenPipeError):
            request = {"step": step, "environment": dict(self._environment())}
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline().strip()
        if answer != f"done {step}":
            said = "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-6:])
            raise DesktopError(f"{self.name}: {step} failed (all of it in {self.log}):\n{said}")

    def end(self) -> None:
        """No more steps; at the latest here its process ends."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                # Flushing to a process that is gone is no failure of ours.
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
