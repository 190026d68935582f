"""A pytest plugin that writes each test's outcome to a file as soon as it is known.

The file survives a test process that dies half-way, which a report written at the end would not.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

FILE = "TEST_OUTCOMES_FILE"
# Read once: a test may empty the environment.
OUTCOMES = Path(os.environ.get(FILE, os.devnull))


def _skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(getattr(report, "wasxfail", "")) or "expected to fail"


def _write(outcome: str, report: pytest.TestReport | pytest.CollectReport) -> None:
    line: dict[str, Any] = {"outcome": outcome, "test": report.nodeid, "phase": getattr(report, "when", "collect")}
    if outcome == "skipped":
        line["reason"] = _skip_reason(report)
    with OUTCOMES.open("a") as file:
        file.write(json.dumps(line) + "\n")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """One line for each test: its call's outcome, or what kept it from being called."""
    if report.when == "call" or report.outcome != "passed":
        _write(report.outcome, report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A module that could not be imported is a failure, one that skips itself is skipped."""
    if report.outcome != "passed":
        _write(report.outcome, report)
