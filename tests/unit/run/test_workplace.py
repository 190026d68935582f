"""The folder of a run, and what a killed run leaves."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop import runfiles
from tests.support.run import workplace
from tests.support.waiting import eventually


def silent(text: str) -> None:
    """Progress that nobody wants to see."""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, as a system's are."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def ended(process: subprocess.Popen[bytes]) -> None:
    assert process.poll() is not None


def abandoned(parent: Path, *, owner: int, age: float = 1000) -> Path:
    """A run's folder as its process left it, so many seconds ago."""
    folder = parent / f"{workplace.PREFIX}old"
    runfiles.record(folder / workplace.OWNER, owner)
    (folder / "lane-1" / "full" / "engines" / "neo4j").mkdir(parents=True)
    before = folder.stat().st_mtime - age
    os.utime(folder, (before, before))
    return folder


def dead() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_folder_is_there_during_the_run_and_gone_after_it(tmp_path: Path) -> None:
    with workplace.workplace(silent, tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o755
        (folder / "engine").mkdir()
    assert not folder.exists()


def test_processes_that_suites_and_the_run_left_are_ended(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    with workplace.workplace(silent, tmp_path) as folder:
        run = folder / "lane-1" / "suites" / "0-system" / "tmp" / "system0" / "run"
        runfiles.record(run / "processes" / "users-web.json", sleeper.pid)
        workplace.end_systems(folder / "lane-1", silent)
        eventually(lambda: ended(sleeper))


def test_what_a_killed_run_left_is_ended_and_deleted(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    folder = abandoned(tmp_path, owner=dead())
    runfiles.record(folder / "lane-1" / "full" / "engines" / "neo4j" / "process.json", sleeper.pid)
    with workplace.workplace(silent, tmp_path):
        eventually(lambda: ended(sleeper))
        assert not folder.exists()


@pytest.mark.parametrize("alive", [True, False])
def test_a_run_that_goes_on_or_has_just_begun_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], alive: bool
) -> None:
    folder = abandoned(tmp_path, owner=os.getpid() if alive else dead(), age=1000 if alive else 0)
    runfiles.record(folder / "lane-1" / "full" / "engines" / "neo4j" / "process.json", sleeper.pid)
    with workplace.workplace(silent, tmp_path):
        assert folder.exists()
        assert sleeper.poll() is None
