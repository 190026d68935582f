"""A start that cannot succeed: one clear sentence, an exit code, and nothing left running."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.services import Ports
from tests.support.desktop import Desktop, environment, read_until


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    """A data folder and ports; at the end nothing of it may be left running."""
    desktop = Desktop(tmp_path / "data")
    yield desktop
    left = running_in(desktop.data)
    desktop.clear()
    assert left == []


def running_in(data: Path) -> list[str]:
    """The command lines of processes that name this data folder: engines and services do."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(data) in line:
            found.append(line)
    return found


def test_a_port_in_use(desktop: Desktop) -> None:
    with socket.create_server(("127.0.0.1", desktop.ports.users)):
        answer = desktop.run("up")
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert f"Port {desktop.ports.users}, which users needs, is in use by " in answer.stderr
    assert f"(process {os.getpid()})" in answer.stderr
    assert "--port users=" in answer.stderr


def test_a_port_in_use_in_the_background(desktop: Desktop) -> None:
    with socket.create_server(("127.0.0.1", desktop.ports.gateway)):
        answer = desktop.run("up", "--detach")
    assert answer.returncode == 1
    assert f"Port {desktop.ports.gateway}, which gateway needs, is in use by " in answer.stderr


def test_a_database_that_does_not_answer(desktop: Desktop) -> None:
    closed = Ports.free().gateway
    given = environment(DATABASE_URL=f"postgres://nobody@127.0.0.1:{closed}/social")
    answer = desktop.run("up", env=given)
    assert answer.returncode == 1
    assert "PostgreSQL does not let us in" in answer.stderr
    assert "Check DATABASE_URL" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_service_that_does_not_start(desktop: Desktop) -> None:
    answer = desktop.run("up", env=environment(WEB_THREADS="many"))
    assert answer.returncode == 1
    assert "-web ended (exit code" in answer.stderr
    assert "WEB_THREADS must be a whole number" in answer.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_while_it_starts(desktop: Desktop, number: signal.Signals) -> None:
    process = desktop.start("up")
    read_until(process, "is ready on port")
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "nothing is left running" in said


def test_down_ends_what_a_killed_supervisor_left(desktop: Desktop) -> None:
    process = desktop.start("up")
    read_until(process, "is ready on port")
    process.kill()
    process.wait()
    assert running_in(desktop.data), "Engines run on without their supervisor."
    down = desktop.run("down")
    assert down.returncode == 0
    assert "An earlier run was killed and left" in down.stdout
    assert running_in(desktop.data) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = Desktop(tmp_path / "file" / "data").run("up")
    assert answer.returncode == 1
    assert "Not a directory" in answer.stderr
    assert "Traceback" not in answer.stderr
