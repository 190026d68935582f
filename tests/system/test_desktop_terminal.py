"""`make up` in a terminal: Ctrl-C, and a window that is closed."""

import errno
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop import runfiles
from desktop.bootstrap import BASE
from tests.support.desktop import SECONDS, Desktop, environment, pids
from tests.support.waiting import eventually

# The leader of a session that opens a terminal gets it as its own, and with it Ctrl-C and its end.
IN_TERMINAL = """
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(terminal, number)
os.closerange(3, 100)
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Terminal:
    """A terminal window in which one command runs."""

    def __init__(self, command: list[str]) -> None:
        self._master, slave = pty.openpty()
        line = [sys.executable, "-c", IN_TERMINAL, os.ttyname(slave), *command]
        self.process = subprocess.Popen(line, cwd=BASE, env=environment(), start_new_session=True, pass_fds=(slave,))
        os.close(slave)
        self.seen = ""

    def read_until(self, text: str) -> None:
        """Waits until this has been printed."""
        while text not in self.seen:
            try:
                self.seen += os.read(self._master, 4096).decode(errors="replace")
            except OSError as error:
                raise AssertionError(f"It ended without {text!r}:\n{self.seen}") from error

    def press(self, keys: bytes) -> None:
        """Types."""
        os.write(self._master, keys)

    def close(self) -> None:
        """Closes the window: whoever runs in it gets SIGHUP, and can print no more."""
        os.close(self._master)

    def drain(self) -> str:
        """All that is printed until the command has ended."""
        try:
            while more := os.read(self._master, 4096).decode(errors="replace"):
                self.seen += more
        except OSError as error:
            # Nobody has the terminal open any more.
            assert error.errno == errno.EIO  # noqa: PT017 -- not what is tested
        self.process.wait(SECONDS)
        return self.seen


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    """A data folder and ports; what a failed test has left is ended."""
    desktop = Desktop(tmp_path / "data")
    yield desktop
    desktop.clear()


@pytest.fixture
def terminal(desktop: Desktop) -> Iterator[Terminal]:
    """A window with `make up` in it, when all is up."""
    options = " ".join(desktop.command("up")[3:])
    terminal = Terminal(["make", "up", f"PYTHON={sys.executable}", f"ARGS={options}"])
    try:
        terminal.read_until("Ctrl-C stops everything.")
        yield terminal
    finally:
        terminal.process.kill()
        terminal.process.wait()


def running(desktop: Desktop) -> list[runfiles.Identity]:
    """Every process of the system."""
    return [found for pid in pids(desktop.status()).values() if (found := runfiles.identify(pid))]


def alive(processes: list[runfiles.Identity]) -> list[int]:
    return [process.pid for process in processes if process.alive()]


def test_ctrl_c_stops_everything(desktop: Desktop, terminal: Terminal) -> None:
    processes = running(desktop)
    assert len(alive(processes)) == 14
    terminal.press(b"\x03")
    seen = terminal.drain()
    terminal.close()
    assert "Stopped." in seen
    assert "Traceback" not in seen
    assert alive(processes) == []
    for name in ("users-relay", "friends-consume", "recommendations-project"):
        log = (desktop.data / "logs" / f"{name}.log").read_text()
        assert "Traceback" not in log, f"Ctrl-C reached {name} itself."


def test_a_closed_window_stops_everything(desktop: Desktop, terminal: Terminal) -> None:
    processes = running(desktop)
    terminal.close()
    terminal.process.wait(SECONDS)
    # make ends with its terminal; the supervisor a little later, when it has stopped everything.
    eventually(lambda: _none(processes), within=60)


def _none(processes: list[runfiles.Identity]) -> None:
    assert alive(processes) == []
