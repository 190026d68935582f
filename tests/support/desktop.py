"""`./manage.py up` as a person runs it: another process, on free ports, with engines and a data folder of its own."""

import json
import os
import signal
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


def interrupt(process: "subprocess.Popen[str]", number: signal.Signals) -> str:
    """Signals a process and waits for its end; what it says until then."""
    process.send_signal(number)
    said, _ = process.communicate(timeout=SECONDS)
    return said
