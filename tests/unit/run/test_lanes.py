"""Lanes: every suite is run once, beside others, and whatever stops a lane is told."""

import threading
from pathlib import Path

import pytest

from tests.support.run import engines, lanes
from tests.support.run.processes import How
from tests.support.run.suites import Suite


def silent(text: str) -> None:
    """Progress that nobody wants to see."""


def written(folder: Path, name: str, code: str, kind: str = "none") -> Suite:
    file = folder / f"test_{name}.py"
    file.write_text(code)
    return Suite(name=name, paths=(str(file),), engines=kind)


def go(folder: Path, suites: list[Suite], *, count: int = 2) -> lanes.Outcome:
    outcome, queue = lanes.Outcome(), lanes.Queue(suites)
    how = How(options=("-q", "-p", "no:cacheprovider"), limit=60)
    lanes.go([lanes.Lane(folder / f"lane-{n}", queue, outcome, silent, how) for n in range(count)])
    return outcome


# Each waits for the other's file: alone, neither can pass.
MEETS = """
import pathlib, time
def test_meets():
    here = pathlib.Path({folder!r})
    (here / {mine!r}).touch()
    for _ in range(300):
        if (here / {other!r}).exists():
            return
        time.sleep(0.1)
    raise AssertionError("nobody came")
"""


def test_two_suites_run_at_the_same_time(tmp_path: Path) -> None:
    pairs = (("one", "two"), ("two", "one"))
    codes = {mine: MEETS.format(folder=str(tmp_path), mine=mine, other=other) for mine, other in pairs}
    outcome = go(tmp_path, [written(tmp_path, name, code) for name, code in codes.items()])
    assert sorted((result.suite.name, result.passed) for result in outcome.results) == [("one", 1), ("two", 1)]


def test_every_suite_runs_once_also_when_one_fails(tmp_path: Path) -> None:
    suites = [written(tmp_path, f"s{n}", f"def test_it(): assert {n} != 2") for n in range(5)]
    outcome = go(tmp_path, suites)
    assert sorted(result.suite.name for result in outcome.results) == ["s0", "s1", "s2", "s3", "s4"]
    assert sum(result.failed for result in outcome.results) == 1
    assert outcome.problems == []


def test_engines_that_do_not_start_end_the_run_and_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(kind: str, folder: Path, notice: object) -> list[object]:
        raise engines.EngineError("no room for Neo4j")

    monkeypatch.setattr(engines, "create", create)
    passing = "def test_it(): pass"
    outcome = go(tmp_path, [written(tmp_path, "a", passing, "full"), written(tmp_path, "b", passing)], count=1)
    assert outcome.problems == ["no room for Neo4j"]
    assert outcome.results == []


def test_an_interrupt_ends_the_suites_that_run(tmp_path: Path) -> None:
    queue = lanes.Queue([written(tmp_path, "long", "import time\ndef test_it(): time.sleep(600)")] * 2)
    outcome = lanes.Outcome()
    lane = lanes.Lane(tmp_path / "lane-1", queue, outcome, silent, How(limit=600))
    threading.Timer(1, lane.stop).start()
    lanes.go([lane])
    assert [bool(result.failed) for result in outcome.results] == [True]
    assert queue.take() is not None
