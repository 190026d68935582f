"""`./manage.py up` as a person runs it: another process, on free ports, with engines and a data folder of its own."""

import errno
import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from desktop.bootstrap import BASE
from desktop.services import SERVICES, Ports
from tests.support.run.engines import VARIABLES

# Never reached when all is well; a start on a busy machine may take a minute.
SECONDS = 240


def environment(**changed: str) -> dict[str, str]:
    """Ours, without the engines that the run of the tests has started."""
    return {name: value for name, value in os.environ.items() if name not in VARIABLES} | changed


class Desktop:
    """The command line of one data folder."""

    def __init__(self, data: Path, ports: Ports | None = None) -> None:
        self.data, self.ports = data, ports or Ports.free()
        self._started: list[subprocess.Popen[str]] = []

    def command(self, *arguments: str) -> list[str]:
        """The whole command; `up` gets the ports."""
        chosen = asdict(self.ports) if arguments[0] == "up" else {}
        ports = [text for name, port in chosen.items() if port for text in ("--port", f"{name}={port}")]
        return [sys.executable, str(BASE / "manage.py"), *arguments, "--data", str(self.data), *ports]

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Runs a command to its end, without a terminal."""
        return subprocess.run(
            self.command(*arguments),
            env=env or environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Starts a command in a session of its own; what it says comes through its standard output."""
        process = subprocess.Popen(
            self.command(*arguments),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def make_up(self) -> list[str]:
        """`make up` on this data folder and these ports, for a terminal."""
        options = " ".join(self.command("up")[3:])
        return ["make", "up", f"PYTHON={sys.executable}", f"ARGS={options}"]

    def log(self, name: str) -> str:
        """All that a process (`users-relay`) has written."""
        return (self.data / "logs" / f"{name}.log").read_text()

    def clear(self) -> None:
        """Whatever a failed test has left running is ended."""
        for process in self._started:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        self.run("down")

    def status(self) -> dict[str, Any]:
        """What `status --json` says."""
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def url(self, name: str) -> str:
        """Where a service answers."""
        return self.ports.url(next(service for service in SERVICES if service.name == name))


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
        self._open = True
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
        """Closes the window: whoever runs in it is told, and can print no more."""
        if self._open:
            self._open = False
            os.close(self._master)

    def drain(self) -> str:
        """All that is printed, when nobody has the terminal open any more."""
        try:
            while more := os.read(self._master, 4096).decode(errors="replace"):
                self.seen += more
        except OSError as error:
            assert error.errno == errno.EIO  # noqa: PT017 -- not what is tested
        self.process.wait(SECONDS)
        return self.seen

    def end(self) -> None:
        """Closes it, if the test has not, and waits for the command's end."""
        self.close()
        self.process.wait(SECONDS)


def pids(status: Mapping[str, Any]) -> dict[str, int]:
    """Every process of a system, by name: the supervisor, the services' and the engines'."""
    services = {
        f"{name}-{process}": state["pid"]
        for name, service in status["services"].items()
        for process, state in service["processes"].items()
    }
    engines = {name: engine["pid"] for name, engine in status["engines"].items()}
    found = {"supervisor": status["supervisor"], **services, **engines}
    return {name: pid for name, pid in found.items() if pid}


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    """What a process says up to and with the line that has this text. Fails when it ends before."""
    said = []
    for line in process.stdout or ():
        said.append(line)
        if text in line:
            return "".join(said)
    raise AssertionError(f"It ended without {text!r}:\n{''.join(said)}")
