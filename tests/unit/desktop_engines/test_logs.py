"""An engine's log: its runs, its bounds, and the line that says most."""

import os
from pathlib import Path

import pytest

from desktop.engines import logs
from desktop.engines.logs import Log


def write(log: Log, text: str) -> None:
    handle = log.open()
    os.write(handle, text.encode())
    os.close(handle)


def test_only_the_current_run_is_read(tmp_path: Path) -> None:
    log = Log(tmp_path / "deep" / "log")
    write(log, "old\n")
    write(log, "new\n\nnewer\n")
    assert log.lines() == ["new", "newer"]
    assert log.path.read_text() == "old\nnew\n\nnewer\n"


def test_there_is_nothing_before_the_first_run(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    assert log.lines() == []
    assert log.last() == "(its log is empty)"


def test_it_is_for_the_owner_only(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    write(log, "secret")
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_it_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LOG_BYTES", 5)
    log = Log(tmp_path / "log")
    write(log, "long enough\n")
    write(log, "next\n")
    assert log.lines() == ["next"]
    assert (tmp_path / "log.1").read_text() == "long enough\n"


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("starting\nready\n", "ready"),
        ("FATAL: no such file\nshutting down\n", "FATAL: no such file"),
        ("java.lang.Exception: outer\nCaused by: inner\n\tat a.b(C.java:1)\n\t... 3 more\nbye\n", "Caused by: inner"),
        ("\tat a.b(C.java:1)\n", "(its log is empty)"),
        ("x" * 1000, "x" * 400),
    ],
)
def test_the_last_line_is_the_one_that_says_why(tmp_path: Path, text: str, last: str) -> None:
    log = Log(tmp_path / "log")
    write(log, text)
    assert log.last() == last
