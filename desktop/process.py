"""One process of a service: started in a session of its own, logged to a file, written down, ended whole."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from desktop import runfiles
from desktop.bootstrap import BASE

# A worker touches its heartbeat every second; on a busy machine it may be late.
FRESH_SECONDS = 5.0
LOG_BYTES = 10_000_000
# Asked at each start: an engine has an address only once it has been started.
Environment = Callable[[], Mapping[str, str]]


class Process:
    """A process by its name (`users-relay`), with its log and its run file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Environment,
        *,
        log: Path,
        runfile: Path,
        heartbeat: Path | None = None,
    ) -> None:
        self.name, self.command, self._environment = name, list(command), environment
        self.log, self.runfile, self.heartbeat = log, runfile, heartbeat
        self.starts = 0
        self._begun = 0.0
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it. Nothing of the terminal reaches it: Ctrl-C is the supervisor's to answer, in order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.heartbeat:
            self.heartbeat.unlink(missing_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.starts, self._begun = self.starts + 1, time.monotonic()
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            self._popen = subprocess.Popen(
                self.command,
                cwd=BASE,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        runfiles.record(self.runfile, self._popen.pid)

    @property
    def environment(self) -> dict[str, str]:
        """What a start now would find in its environment."""
        return dict(self._environment())

    @property
    def pid(self) -> int:
        """Its process id; 0 before the start."""
        return self._popen.pid if self._popen else 0

    @property
    def exit_code(self) -> int | None:
        """None while it runs or was never started; negative: the signal that ended it."""
        return self._popen.poll() if self._popen else None

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def seconds(self) -> float:
        """How long ago it was started last."""
        return time.monotonic() - self._begun

    @property
    def fresh(self) -> bool:
        """Whether its loop has gone round lately; a web server has no heartbeat, its health is asked by HTTP."""
        if self.heartbeat is None:
            return True
        try:
            return time.time() - self.heartbeat.stat().st_mtime < FRESH_SECONDS
        except FileNotFoundError:
            return False

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal, if it still runs."""
        if self._popen:
            self._popen.send_signal(number)

    def kill(self) -> None:
        """Ends it and its children at once, as a crash would."""
        if self._popen is not None:
            runfiles.kill_group(self._popen)

    def wait(self, seconds: float) -> bool:
        """Waits for its end, at most so long; whether it ended."""
        if self._popen is None:
            return True
        try:
            self._popen.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """After its end: nothing of it is left, neither a child nor the run file."""
        self.kill()
        self.runfile.unlink(missing_ok=True)

    def tail(self, lines: int = 8) -> str:
        """The last lines that it wrote since it was started."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(self._log_start, self.log.stat().st_size - 20_000))
            text = file.read().decode(errors="replace")
        return "\n".join(text.strip().splitlines()[-lines:])


def end_all(processes: Sequence[Process], *, deadline: float) -> None:
    """Ends processes together: SIGTERM, and at `deadline` (by the monotonic clock) SIGKILL to their groups."""
    for process in processes:
        process.signal(signal.SIGTERM)
    for process in processes:
        process.wait(deadline - time.monotonic())
        process.close()
