"""What ended is started again: when, and when not."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from desktop import preflight
from desktop.care import LONGEST_PAUSE, WELL_AFTER, Care, Pauses
from desktop.engine_room import EngineRoom
from desktop.engines import Engine
from desktop.process import Process
from desktop.supervisor import Startable, System
from tests.support.waiting import eventually

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_the_pause_doubles_with_each_early_end_up_to_a_limit() -> None:
    pauses = Pauses()
    told = [pauses.plan("relay", 0.1, now=0.0) for _ in range(9)]
    assert told == [0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_who_ran_long_is_taken_for_well_again() -> None:
    pauses = Pauses()
    for _ in range(5):
        pauses.plan("relay", 0.1, now=0.0)
    assert pauses.plan("relay", WELL_AFTER + 1, now=0.0) == 0.5


def test_each_has_its_own_pause() -> None:
    pauses = Pauses()
    pauses.plan("relay", 0.1, now=0.0)
    pauses.plan("relay", 0.1, now=0.0)
    assert pauses.plan("web", 0.1, now=0.0) == 0.5


def test_a_start_is_due_once_when_its_time_has_come() -> None:
    pauses = Pauses()
    assert not pauses.planned("relay")
    assert not pauses.due("relay", now=100.0)
    pauses.plan("relay", 0.1, now=10.0)
    assert pauses.planned("relay")
    assert not pauses.due("relay", now=10.4)
    assert pauses.due("relay", now=10.5)
    assert not pauses.planned("relay")
    assert not pauses.due("relay", now=10.6)


@dataclass
class Sleeper:
    """An engine whose process sleeps; it writes nothing down."""

    name: str = "PostgreSQL"
    log: Path = Path("postgresql.log")
    port: int | None = 1
    may_start: threading.Event = field(default_factory=threading.Event)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def pid(self) -> int | None:
        return self.processes[-1].pid if self.processes else None

    def start(self) -> None:
        self.may_start.wait()
        self.processes.append(subprocess.Popen(SLEEPER))

    def stop(self) -> None:
        self.processes[-1].kill()
        self.processes[-1].wait()

    def version(self) -> str:
        return "1"

    def environment(self) -> dict[str, str]:
        return {}


class Small:
    """As much of a system as is looked after: one engine and one process."""

    def __init__(self, data: Path) -> None:
        preflight.claim(data)
        self.data, self.stopping, self.told = data, threading.Event(), list[str]()
        self.engine = Sleeper()
        self.engine.may_start.set()
        self.room = EngineRoom(data, self.stopping)
        self.room.engines = [cast(Engine, self.engine)]
        runfile = data / "run" / "processes" / "users-relay.json"
        self.process = Process("users-relay", SLEEPER, dict, log=data / "relay.log", runfile=runfile)
        self.processes = {"users-relay": self.process}

    def notice(self, text: str) -> None:
        self.told.append(text)

    def start_engine(self, engine: Engine) -> None:
        self.room.start(engine)

    def start_process(self, process: Startable) -> None:
        process.start()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    """A small system, looked after."""
    small = Small(tmp_path / "data")
    small.start_engine(small.room.engines[0])
    small.process.start()
    care = Care(cast(System, small))
    care.start()
    yield small
    small.stopping.set()
    care.end()
    small.process.close()
    small.engine.stop()


def test_a_process_that_ends_is_started_again_and_both_are_said(small: Small) -> None:
    before = small.process.pid
    small.process.kill()

    def check() -> None:
        assert small.process.running
        assert small.process.pid != before
        assert small.told[-1] == "users-relay is started again"

    eventually(check)
    assert "users-relay ended (killed by SIGKILL)" in small.told[0]


def test_an_engine_that_ends_is_started_again(small: Small) -> None:
    small.engine.stop()

    def check() -> None:
        assert len(small.engine.processes) == 2

    eventually(check)
    assert "PostgreSQL ended" in small.told[0]


def test_a_process_is_started_again_while_an_engine_takes_long_to_start(small: Small) -> None:
    small.engine.may_start.clear()
    try:
        small.engine.stop()

        def ended() -> None:
            assert small.told

        eventually(ended)
        before = small.process.pid
        small.process.kill()

        def check() -> None:
            assert small.process.running
            assert small.process.pid != before

        eventually(check)
        assert len(small.engine.processes) == 1
    finally:
        small.engine.may_start.set()

    def started() -> None:
        assert len(small.engine.processes) == 2

    eventually(started)


def test_what_runs_is_left_alone(small: Small) -> None:
    time.sleep(1)
    assert small.told == []
    assert len(small.engine.processes) == 1


def test_when_the_data_folder_is_removed_everything_stops_and_nothing_is_started(small: Small) -> None:
    (small.data / preflight.MARK).unlink()
    assert small.stopping.wait(20)
    assert "Somebody has removed" in small.told[0]
    assert len(small.engine.processes) == 1


def test_an_engine_is_stopped_though_its_run_file_is_gone(small: Small) -> None:
    stop, small.engine.stop = small.engine.stop, lambda: None  # type: ignore[method-assign] # finds no run file
    small.stopping.set()
    small.room.stop(time.monotonic() + 1)
    assert small.engine.processes[0].wait(20) < 0
    small.engine.stop = stop  # type: ignore[method-assign] # for the end of the test
