"""One process: its log, its heartbeat, its end."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop import process as module
from desktop import runfiles
from desktop.process import Process, end_all

Make = Callable[..., Process]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Processes that run a piece of Python; all are gone after the test."""
    made = []

    def one(code: str, name: str = "one") -> Process:
        process = Process(
            name,
            [sys.executable, "-c", code],
            lambda: dict(os.environ),
            log=tmp_path / f"{name}.log",
            runfile=tmp_path / "run" / f"{name}.json",
            heartbeat=tmp_path / f"{name}.heartbeat",
        )
        made.append(process)
        return process

    yield one
    for process in made:
        process.close()


def logged(process: Process, text: str) -> None:
    """Waits until the process has written this."""
    deadline = time.monotonic() + 20
    while text not in process.tail():
        assert time.monotonic() < deadline, process.tail()
        time.sleep(0.01)


def test_it_is_written_down_while_it_runs_and_forgotten_afterwards(make: Make) -> None:
    process = make("import time; time.sleep(60)")
    process.start()
    recalled = runfiles.recall(process.runfile)
    assert recalled is not None
    assert recalled.pid == process.pid
    process.close()
    assert not process.runfile.exists()
    assert not recalled.alive()


def test_the_tail_is_of_this_start_only(make: Make) -> None:
    process = make("import os; print('pid', os.getpid())")
    process.start()
    assert process.wait(20)
    first = process.tail()
    process.start()
    assert process.wait(20)
    assert first not in process.tail()
    assert first in process.log.read_text()


def test_ctrl_c_in_the_terminal_does_not_reach_it(make: Make) -> None:
    process = make("import os; print('group', os.getpgid(0) == os.getpid(), os.getsid(0) == os.getpid())")
    process.start()
    assert process.wait(20)
    assert process.tail() == "group True True"


def test_a_heartbeat_of_an_earlier_start_is_not_fresh(make: Make) -> None:
    process = make("import time; time.sleep(60)")
    assert process.heartbeat is not None
    process.heartbeat.touch()
    process.start()
    told = [process.fresh]
    process.heartbeat.touch()
    told.append(process.fresh)
    old = time.time() - module.FRESH_SECONDS - 1
    os.utime(process.heartbeat, (old, old))
    told.append(process.fresh)
    assert told == [False, True, False]


def test_all_are_asked_to_end_at_once_and_the_deaf_are_killed(make: Make) -> None:
    deaf = make(
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)", "deaf"
    )
    polite = make("import time; print('up', flush=True); time.sleep(60)", "polite")
    for process in (deaf, polite):
        process.start()
        logged(process, "up")
    end_all([deaf, polite], deadline=time.monotonic() + 0.3)
    assert deaf.exit_code == -signal.SIGKILL
    assert polite.exit_code == -signal.SIGTERM


def test_what_a_dead_process_left_in_its_group_is_ended_too(make: Make) -> None:
    sleeper = "import time; time.sleep(60)"
    process = make(
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', '{sleeper}']).pid, flush=True)"
    )
    process.start()
    assert process.wait(20)
    child = runfiles.identify(int(process.tail()))
    assert child is not None
    process.close()
    deadline = time.monotonic() + 20
    while child.alive():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_long_log_is_put_aside(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    process = make("print('again')")
    process.log.write_text("x" * 100)
    monkeypatch.setattr(module, "LOG_BYTES", 50)
    process.start()
    assert process.wait(20)
    assert process.log.read_text() == "again\n"
    assert process.log.with_suffix(".log.1").read_text() == "x" * 100


def test_before_the_start_there_is_nothing(make: Make) -> None:
    process = make("")
    assert not process.running
    assert process.exit_code is None
    assert process.pid == 0
    assert process.wait(0)
    process.signal(signal.SIGTERM)
    process.close()


def test_an_id_that_was_given_out_anew_is_left_alone(make: Make) -> None:
    process, stranger = make("pass"), make("import time; time.sleep(60)", "stranger")
    process.start()
    stranger.start()
    assert process._popen is not None
    assert stranger.pid is not None
    process._popen.wait()
    process._popen.pid = stranger.pid
    process.kill()
    time.sleep(0.2)
    assert stranger.running
