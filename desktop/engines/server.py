"""What all engines have in common: one process of ours that is started, waited for, written down, and stopped."""

import errno
import os
import shutil
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from desktop import runfiles
from desktop.engines import orphans, ports
from desktop.engines.errors import EngineError
from desktop.engines.logs import Log

Notice = Callable[[str], None]
SECONDS_TO_START = 180.0
LOOK_EVERY = 0.1
# An engine's first files take more than this; a full disk is better told before than found in a stack trace.
LEAST_BYTES = 200_000_000
BIND_TRIES = 3
SECONDS_TO_DIE = 5.0


def silent(text: str) -> None:
    """Progress that nobody wants to see."""


class PortTaken(EngineError):
    """Somebody else listens where the engine was to listen."""

    def __init__(self, name: str, port: int) -> None:
        self.port = port
        super().__init__(
            f"{name} cannot listen on port {port}: it is in use. Stop whoever listens there, or choose another port."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """How to start the process: command, environment, folder, and the user and group it changes to."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path
    user: int | None = None
    group: int | None = None


class Server(ABC):
    """An engine as a process of its own, in a session of its own: Ctrl-C in the terminal does not reach it.

    `start` and `stop` may be called from different threads, and `stop` from another process than `start`.
    """

    name: str
    folder: str
    seconds_to_stop = 8.0
    stop_signal = signal.SIGTERM

    def __init__(
        self, data: Path, *, port: int | None = None, log: Path, cache: Path, notice: Notice = silent
    ) -> None:
        self.data, self.cache, self.notice, self.log = data / self.folder, cache, notice, log
        self._given, self._port = port, port
        self._others: dict[str, int] = {}
        self._log = Log(log)
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._abandoned = threading.Event()

    # -- what each engine says of itself -----------------------------------------------------------------------

    @abstractmethod
    def prepare(self) -> None:
        """Fetches what is missing and makes the data folder's first content. Raises EngineError."""

    @abstractmethod
    def launch(self) -> Launch:
        """How to start it, on the ports that are chosen by then."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it answers as its clients need it."""

    def settle(self) -> None:
        """What is left to do once it answers. Raises EngineError."""
        self.check_abandoned()

    def is_ours(self, command: str) -> bool:
        """Whether this command line is that of a process which may outlive the engine's own, and must not."""
        return False

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The variables that lead clients to it, once it has a port."""

    @abstractmethod
    def version(self) -> str:
        """The version that the running engine tells."""

    # -- what all do alike -------------------------------------------------------------------------------------

    @property
    def port(self) -> int | None:
        """Where it listens on 127.0.0.1; None before a port was chosen."""
        return self._port

    @property
    def pid(self) -> int | None:
        """The process, whoever started it; None when it does not run."""
        found = runfiles.recall(self._pidfile)
        return found.pid if found else None

    def start(self) -> None:
        """Starts it and returns when it answers. Raises EngineError; then nothing of it is left running."""
        self._abandoned.clear()
        self._make_folder()
        try:
            self._end()
            check_disk(self.data)
            self.prepare()
            self._start_on_a_port()
            self.settle()
        except OSError as error:
            self._end()
            raise EngineError(_system_error(self.name, self.data, error)) from error
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        """Stops it, by force when it takes too long; also one that another process started, or that still starts."""
        self._abandoned.set()
        self._end()

    def other_port(self, name: str, preferred: int | None = None) -> int:
        """A further port that the engine listens on, remembered like the first."""
        self._others[name] = ports.remembered(self.data / f"{name}.port", preferred)
        return self._others[name]

    def check_abandoned(self) -> None:
        """Raises EngineError when `stop` was called since `start`."""
        if self._abandoned.is_set():
            raise EngineError(f"{self.name} was stopped while it started.")

    def lines(self) -> list[str]:
        """What the engine has written since it was started."""
        return self._log.lines()

    def run(self, launch: Launch) -> None:
        """Runs a command that ends by itself, its output to the log. Raises EngineError when it fails."""
        code = self._spawn(launch).wait()
        self.check_abandoned()
        if code:
            raise self._sentence(f"{self.name} cannot make its data in {self.data}: {self._log.last()}")

    # -- inside ------------------------------------------------------------------------------------------------

    @property
    def _pidfile(self) -> Path:
        return self.data / "process.json"

    def _make_folder(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(_system_error(self.name, self.data, error)) from error

    def _start_on_a_port(self) -> None:
        for tried in range(1, BIND_TRIES + 1):
            self._port = self._free_port()
            try:
                self._await(self._spawn(self.launch()))
            except PortTaken as error:
                self._end()
                if error.port == self._given or tried == BIND_TRIES:
                    raise
            else:
                return

    def _free_port(self) -> int:
        if self._given is None:
            return ports.remembered(self.data / "port")
        if not ports.free(self._given):
            raise PortTaken(self.name, self._given)
        return self._given

    def _spawn(self, launch: Launch) -> "subprocess.Popen[bytes]":
        with self._turn:
            self.check_abandoned()
            handle = self._log.open()
            try:
                process = subprocess.Popen(
                    launch.command,
                    cwd=launch.folder,
                    env=dict(launch.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=handle,
                    stderr=handle,
                    start_new_session=True,
                    user=launch.user,
                    group=launch.group,
                    extra_groups=None if launch.user is None else [],
                )
            finally:
                os.close(handle)
            self._process = process
            runfiles.record(self._pidfile, process.pid)
            return process

    def _await(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not self.answers():
            self.check_abandoned()
            if process.poll() is not None:
                raise self._died(process.returncode)
            if time.monotonic() > deadline:
                raise self._sentence(
                    f"{self.name} does not answer on port {self.port} after {SECONDS_TO_START:.0f} s: "
                    f"{self._log.last()}"
                )
            self._abandoned.wait(LOOK_EVERY)

    def _died(self, code: int) -> EngineError:
        for port in (self._port, *self._others.values()):
            if port is not None and not ports.free(port):
                return PortTaken(self.name, port)
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return self._sentence(f"{self.name} ended at its start ({how}): {self._log.last()}")

    def _sentence(self, sentence: str) -> EngineError:
        """What the log's end means, where that is known; otherwise `sentence`, and where the log is."""
        if any("No space left on device" in line for line in self._log.lines()):
            return EngineError(_disk_full(self.name, self.data))
        return EngineError(f"{sentence.rstrip('.')}. Its log: {self.log}")

    def _end(self) -> None:
        with self._turn:
            told = runfiles.read(self._pidfile) or {}
            found = runfiles.identity(told)
            if found is not None:
                runfiles.send(found, self.stop_signal)
                _wait_while(found.alive, self.seconds_to_stop)
                runfiles.send(found, signal.SIGKILL)
                _wait_while(found.alive, SECONDS_TO_DIE)
            if told:
                _wait_while(partial(_dying, told["pid"]), SECONDS_TO_DIE)
            if self._process is not None:
                self._process.poll()
            orphans.end(self.is_ours)
            self._pidfile.unlink(missing_ok=True)


def _wait_while(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def _dying(pid: int) -> bool:
    """Whether a process that counts as gone has threads that still end: till then its ports and locks are taken."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "Z" and len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
    except OSError:
        return False


def check_disk(folder: Path) -> None:
    """Raises EngineError where the folder's disk has less than LEAST_BYTES free."""
    if shutil.disk_usage(folder).free < LEAST_BYTES:
        raise EngineError(_disk_full("The engine", folder))


def _disk_full(name: str, folder: Path) -> str:
    return f"{name} has no room: the disk of {folder} is full. Free some, or choose a data folder on another disk."


def _system_error(name: str, data: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(name, data)
    where = f" ({error.filename})" if error.filename else ""
    return f"{name} does not start: {error.strerror or error}{where}. See to it that this user may write there."
