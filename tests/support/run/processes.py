"""Runs one suite: a pytest process in a group of its own, so that nothing it started outlives it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import IO

from desktop import runfiles
from tests.support.run.outcomes import FILE
from tests.support.run.suites import TESTS, Suite

NO_TESTS = 5
# A suite that is stopped may have a whole system to stop before.
GRACE_SECONDS = 45
# How soon a suite that is to be stopped notices.
LOOK_SECONDS = 0.5

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class How:
    """How suites are run: pytest's options, the seconds that each may take, and whether its output is shown while
    it comes: not beside other suites, whose lines it would mix with."""

    options: Sequence[str] = ()
    limit: float
    live: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of a suite. `problem` says in words what the counts do not show; empty where nothing is wrong."""

    suite: Suite
    passed: int
    failed: int
    skips: Sequence[tuple[str, str]] = field(default_factory=tuple)
    seconds: float = 0.0
    problem: str = ""


def read_outcomes(file: Path) -> tuple[Counter[str], list[tuple[str, str]]]:
    """Counts by outcome, and (test, reason) of each that was skipped. A test that fails and whose teardown
    fails too counts once."""
    outcomes: dict[str, str] = {}
    skips = []
    for line in file.read_text().splitlines() if file.exists() else ():
        entry = json.loads(line)
        if outcomes.get(entry["test"]) != "failed":
            outcomes[entry["test"]] = entry["outcome"]
        if entry["outcome"] == "skipped":
            skips.append((entry["test"], entry["reason"]))
    return Counter(outcomes.values()), skips


def problem_of(code: int | None, counts: Counter[str]) -> str:
    """What is wrong with a suite that ended with `code` (None: it was stopped after its time), "" for nothing."""
    if code is None:
        return "stopped: it did not end in its time"
    if code == NO_TESTS or not counts.total():
        return "ran no test"
    if counts["failed"] or code == 0:
        return ""
    return f"ended with exit code {code}"


def command(suite: Suite, options: Sequence[str]) -> list[str]:
    """The suite's pytest command line."""
    paths = [str(TESTS / path) for path in suite.paths]
    plugins = ["-p", "tests.support.run.outcomes"]
    limits = ["-o", "faulthandler_timeout=300"]
    return [sys.executable, "-m", "pytest", *plugins, *limits, "--import-mode=importlib", *paths, *options]


def environment(suite: Suite, outcomes: Path, engines: Mapping[str, str]) -> dict[str, str]:
    """The suite's environment: ours, without a settings module that is not its own."""
    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    own = {FILE: str(outcomes), "PYTHONPATH": str(TESTS.parent), "TEST_ENGINES": suite.engines}
    if suite.settings:
        own["DJANGO_SETTINGS_MODULE"] = suite.settings
    return {**inherited, **engines, **own}


def stop(process: subprocess.Popen[bytes], grace: float = GRACE_SECONDS) -> None:
    """End the process as Ctrl-C would, then its whole group by force."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    runfiles.kill_group(process)


def _new_folder(parent: Path, suite: Suite) -> Path:
    """A folder for the suite's outcomes and its tests' files; a suite can be asked for twice."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / f"{len(list(parent.iterdir()))}-{suite.name.replace('/', '-')}"
    folder.mkdir()
    return folder


def _wait(process: subprocess.Popen[bytes], limit: float, stopping: threading.Event) -> int | None:
    """The exit code; None where the process did not end in its time or is to be stopped."""
    end = monotonic() + limit
    while not stopping.is_set() and monotonic() < end:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(LOOK_SECONDS)
    return None


@contextmanager
def _output(file: Path, title: str, how: How, say: Say) -> Iterator[IO[bytes] | None]:
    """Where a suite prints: where we do, or into a file that is shown whole at the end."""
    if how.live:
        say(f"\n═══ {title} ═══")
        yield None
        return
    say(f"▶ {title}")
    with file.open("wb") as opened:
        yield opened
    say(f"\n═══ {title} ═══\n{file.read_text(errors='replace')}")


def run(
    suite: Suite, engines: Mapping[str, str], work: Path, how: How, say: Say, stopping: threading.Event
) -> Result:
    """Run the suite to its end, for as long as `how` allows, or until `stopping` is set."""
    folder = _new_folder(work / "suites", suite)
    outcomes = folder / "outcomes"
    began = monotonic()
    with _output(folder / "output", suite.title, how, say) as output:
        process = subprocess.Popen(
            [*command(suite, how.options), f"--basetemp={folder / 'tmp'}"],
            cwd=TESTS.parent,
            env=environment(suite, outcomes, engines),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output and subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = _wait(process, how.limit, stopping)
        finally:
            stop(process)
    counts, skips = read_outcomes(outcomes)
    problem = problem_of(code, counts)
    return Result(
        suite=suite,
        passed=counts["passed"],
        failed=counts["failed"] + bool(problem),
        skips=skips,
        seconds=monotonic() - began,
        problem=problem,
    )
