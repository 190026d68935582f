"""Run files: they find exactly the process they were written for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop import runfiles

Start = Callable[[str], "subprocess.Popen[bytes]"]
SLEEPER = "import time; print('ready', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a Python process in a group of its own; all are gone after the test."""
    started = []

    def one(code: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield one
    for process in started:
        process.kill()
        process.communicate()


def test_a_recorded_process_is_recalled_while_it_runs(tmp_path: Path, start: Start) -> None:
    process = start(SLEEPER)
    runfiles.record(tmp_path / "one.json", process.pid)
    recalled = runfiles.recall(tmp_path / "one.json")
    assert recalled is not None
    assert recalled.pid == process.pid
    process.kill()
    process.wait()
    assert runfiles.recall(tmp_path / "one.json") is None


def test_a_stranger_with_the_same_id_is_not_recalled(tmp_path: Path, start: Start) -> None:
    process = start(SLEEPER)
    runfiles.write(tmp_path / "one.json", {"pid": process.pid, "started": "another boot:1"})
    assert runfiles.recall(tmp_path / "one.json") is None


def test_a_stranger_with_the_same_id_is_not_signalled(start: Start) -> None:
    process = start(SLEEPER)
    stranger = runfiles.Identity(pid=process.pid, started="another boot:1")
    runfiles.send(stranger, signal.SIGKILL)
    runfiles.end([stranger], patience=0)
    assert process.poll() is None


def test_a_zombie_is_gone(start: Start) -> None:
    process = start(SLEEPER)
    identity = runfiles.identify(process.pid)
    assert identity is not None
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.alive()


def test_end_waits_for_those_that_listen_and_kills_those_that_do_not(start: Start) -> None:
    polite, stubborn = start(SLEEPER), start(STUBBORN)
    identities = [found for process in (polite, stubborn) if (found := runfiles.identify(process.pid))]
    runfiles.end(identities, patience=0.3)
    assert polite.wait() == -signal.SIGTERM
    assert stubborn.wait() == -signal.SIGKILL


def test_a_kill_reaches_the_children(start: Start) -> None:
    child_code = (
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]).pid, flush=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"{child_code}; import time; time.sleep(60)"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        child = runfiles.identify(int(process.stdout.readline()))
        parent = runfiles.identify(process.pid)
        assert child is not None
        assert parent is not None
        runfiles.send(parent, signal.SIGKILL)
    while child.alive():
        time.sleep(0.01)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_broken_run_file_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "one.json").write_text(content)
    assert runfiles.recall(tmp_path / "one.json") is None


def test_run_files_are_for_their_owner_only(tmp_path: Path) -> None:
    runfiles.write(tmp_path / "deep" / "one.json", {"password": "secret"})
    assert (tmp_path / "deep" / "one.json").stat().st_mode & 0o777 == 0o600
