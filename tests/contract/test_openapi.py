"""Every answer is as the OpenAPI document says: asked by requests that Schemathesis makes from it, good ones and bad
ones, and rows of them that follow the document's links."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from desktop.supervisor import System

CONFIG = Path(__file__).parent / "schemathesis.toml"
CASES = re.compile(r"^\s*(\d+) generated, (\d+) passed", re.MULTILINE)
# Of an operation at most so many; where time is short, always the same.
QUICK = ("--phases", "fuzzing,stateful", "--max-examples", "12", "--seed", "8", "--generation-database", "none")
LONG = ("--max-examples", "700")


def starts(system: System) -> dict[str, int]:
    """How often each process of the system was started."""
    return {name: process.starts for name, process in system.processes.items()}


def ended(system: System, before: Mapping[str, int]) -> dict[str, str]:
    """The processes that have ended since then, started again or not: the end of what each said."""
    return {
        name: system.log(name)[-4000:]
        for name, process in system.processes.items()
        if process.starts > before[name] or not process.running
    }


def test_every_answer_is_as_the_document_says(system: System, tmp_path: Path, everything: bool) -> None:
    """The seed of a long run is told where it fails. No request ends a process."""
    document = f"{system.urls['gateway']}/docs/openapi.json"
    asked = [sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(CONFIG), "run", document]
    before = starts(system)
    answer = subprocess.run(
        [*asked, *(LONG if everything else QUICK)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    counted = CASES.search(answer.stdout)
    # First: where the gateway has gone, Schemathesis knows only that nobody listens.
    assert ended(system, before) == {}, answer.stdout
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert counted is not None, answer.stdout
    assert counted[1] == counted[2]
    assert int(counted[1]) >= (10_000 if everything else 200)
