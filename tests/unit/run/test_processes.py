"""A suite's process: every way in which it can end is counted, and none of what it starts stays."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.run import processes
from tests.support.run.processes import How, Result
from tests.support.run.suites import Suite
from tests.support.waiting import eventually, until


def run(
    folder: Path,
    code: str,
    *options: str,
    limit: float = 60,
    live: bool = False,
    say: Callable[[str], None] = lambda _: None,
    stopping: threading.Event | None = None,
) -> Result:
    test = folder / "test_written.py"
    test.write_text(code)
    # The written file stands outside the project: its warnings and markers are its own.
    how = How(options=("-q", "-p", "no:cacheprovider", *options), limit=limit, live=live)
    suite = Suite(name="written", paths=(str(test),))
    return processes.run(suite, {}, folder, how, say, stopping or threading.Event())


def counts(result: Result) -> tuple[int, int, int]:
    return result.passed, result.failed, len(result.skips)


def test_outcomes_are_counted_and_skips_keep_their_reason(tmp_path: Path) -> None:
    code = """
import pytest
def test_good(): pass
def test_bad(): assert False
@pytest.mark.skip(reason="no moon tonight")
def test_skipped(): pass
@pytest.fixture
def broken():
    yield
    raise RuntimeError
def test_teardown(broken): pass
"""
    result = run(tmp_path, code)
    assert counts(result) == (1, 2, 1)
    assert [reason for _, reason in result.skips] == ["no moon tonight"]
    assert result.problem == ""


def test_a_test_that_fails_twice_counts_once(tmp_path: Path) -> None:
    code = """
import pytest
@pytest.fixture
def broken():
    yield
    raise RuntimeError
def test_both(broken): assert False
"""
    assert counts(run(tmp_path, code)) == (0, 1, 0)


def test_a_module_that_cannot_be_imported_is_a_failure(tmp_path: Path) -> None:
    assert counts(run(tmp_path, "import a_module_that_is_nowhere")) == (0, 1, 0)


@pytest.mark.parametrize("options", [[], ["-k", "nothing_matches_this"]])
def test_a_suite_that_runs_no_test_has_failed(tmp_path: Path, options: list[str]) -> None:
    result = run(tmp_path, "def test_one(): pass" if options else "", *options)
    assert (counts(result), result.problem) == ((0, 1, 0), "ran no test")


def test_a_process_that_dies_keeps_the_outcomes_so_far_and_has_failed(tmp_path: Path) -> None:
    result = run(tmp_path, "import os\ndef test_a(): pass\ndef test_b(): os._exit(7)")
    assert (counts(result), result.problem) == ((1, 1, 0), "ended with exit code 7")


def test_a_test_may_empty_the_environment(tmp_path: Path) -> None:
    code = "import os\ndef test_a(monkeypatch): [monkeypatch.delenv(name) for name in list(os.environ)]\n"
    assert counts(run(tmp_path, f"{code}def test_b(): os.environ.clear()\ndef test_c(): pass")) == (3, 0, 0)


def test_a_suite_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    result = run(tmp_path, "import time\ndef test_forever(): time.sleep(600)", limit=0.5)
    assert result.failed >= 1
    assert "did not end in its time" in result.problem


def test_a_suite_is_stopped_with_all_that_it_started(tmp_path: Path) -> None:
    pid_file, stopping = tmp_path / "pid", threading.Event()
    code = f"""
import pathlib, subprocess, sys, time
def test_forever():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    draft = pathlib.Path({str(tmp_path / "draft")!r})
    draft.write_text(str(child.pid))
    draft.rename({str(pid_file)!r})
    time.sleep(600)
"""

    def stop_when_begun() -> None:
        until(pid_file.exists)
        stopping.set()

    stopper = threading.Thread(target=stop_when_begun)
    stopper.start()
    assert run(tmp_path, code, limit=120, stopping=stopping).failed >= 1
    stopper.join()

    def gone() -> None:
        assert not _runs(int(pid_file.read_text()))

    eventually(gone)


def _runs(pid: int) -> bool:
    """Whether the process is there and no zombie that waits for its parent."""
    try:
        os.kill(pid, 0)
        return sys.platform != "linux" or ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_its_output_comes_whole_when_it_has_ended(tmp_path: Path) -> None:
    said: list[str] = []
    run(tmp_path, "def test_a(): print('from inside'); assert False", say=said.append)
    assert said[0] == "▶ written"
    assert "═══ written ═══" in said[1]
    assert "from inside" in said[1]
    assert len(said) == 2


def test_alone_it_prints_where_the_run_does(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    run(tmp_path, "def test_a(): print('from inside'); assert False", live=True, say=said.append)
    assert said == ["\n═══ written ═══"]
    assert "from inside" in capfd.readouterr().out


def test_a_suite_gets_its_own_settings_module_and_the_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "somebody.elses")
    suite = Suite(name="x", paths=(), engines="full")
    plain = processes.environment(suite, Path("o"), {"NEO4J_BOLT_URL": "bolt://here"})
    assert "DJANGO_SETTINGS_MODULE" not in plain
    assert (plain["NEO4J_BOLT_URL"], plain["TEST_ENGINES"]) == ("bolt://here", "full")
    own = Suite(name="x", paths=(), settings="users.settings")
    assert processes.environment(own, Path("o"), {})["DJANGO_SETTINGS_MODULE"] == "users.settings"
