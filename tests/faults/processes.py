"""One of our processes under the launcher: started, struck at a step, ended, started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from desktop import runfiles
from tests.faults.launcher import FOLDER
from tests.faults.steps import Step
from tests.faults.traps import STRUCK
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Struck:
    """A process that a trap caught: which, at which step, with how many things in its hands."""

    pid: int
    step: str
    held: int


class Trapped:
    """A process by its name. `kind` is the table of its steps; `command` what it does, of which service."""

    def __init__(
        self, name: str, kind: str, service: str, command: tuple[str, ...], environment: Mapping[str, str], home: Path
    ) -> None:
        self.name, self.log = name, home / f"{name}.log"
        self._folder = home / name
        self._folder.mkdir(parents=True)
        self._arguments = [sys.executable, "-m", "tests.faults.launcher", kind, service, *command]
        self._environment = {**environment, FOLDER: str(self._folder), "RUN_DIR": str(self._folder)}
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it must not be running."""
        assert not self.running, f"{self.name} runs already"
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(
                self._arguments,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._popen is not None
        return self._popen.pid

    def arm(self, step: Step, number: signal.Signals = signal.SIGKILL) -> None:
        """The next of its processes and threads that comes by this step gets the signal."""
        (self._folder / STRUCK).unlink(missing_ok=True)
        (self._folder / step.slug).write_text(str(int(number)))

    def until_struck(self) -> Struck:
        """Wait until an armed step has caught it; what it was about to do is then in nobody's hands."""
        told = self._folder / STRUCK
        until(told.exists)
        found = Struck(**json.loads(told.read_text()))
        assert found.held > 0
        return found

    def until_dead(self) -> Struck:
        """The same, and wait for the end of the process: by SIGKILL, at that step, with work in its hands."""
        found = self.until_struck()
        until(lambda: not self.running)
        assert (found.pid, self.wait()) == (self.pid, -signal.SIGKILL)
        return found

    def wait(self, seconds: float = 120) -> int:
        """Its exit code, once it has ended; negative: the signal that ended it."""
        assert self._popen is not None
        return self._popen.wait(seconds)

    def signal(self, number: signal.Signals) -> None:
        """Send it, and what it has started, a signal."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End it, and what it has started, at once."""
        if self._popen is not None:
            runfiles.kill_group(self._popen)

    def stop(self) -> None:
        """Ask it to end, as who looks after it does."""
        if self.running:
            self.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.wait(20)
        self.kill()

    def restart(self) -> None:
        """Start it again after its end, however that came."""
        self.kill()
        self.start()
