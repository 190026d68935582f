"""The command line: what it refuses, and in which words."""

import io
import sys
from pathlib import Path

import pytest

from desktop import cli, preflight, runfiles


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    bare = capsys.readouterr().out
    assert cli.main(["help"]) == 0
    assert capsys.readouterr().out == bare
    for command in ("up", "down", "status", "reset", "demo", "users"):
        assert command in bare


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["up", "--engines", "steam"],
        ["up", "--port", "users"],
        ["up", "--port", "mail=25"],
        ["up", "--port", "users=0"],
    ],
)
def test_what_it_does_not_know_it_refuses(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    assert "error" in capsys.readouterr().err


def test_status_and_down_where_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--data", str(tmp_path)]) == 1
    assert "Nothing runs" in capsys.readouterr().out
    assert cli.main(["down", "--data", str(tmp_path)]) == 0
    assert "Nothing runs" in capsys.readouterr().out
    assert cli.main(["status", "--json", "--data", str(tmp_path)]) == 1
    assert '"state": "DOWN"' in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_demo_without_a_system_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--data", str(tmp_path)]) == 1
    assert "./manage.py up" in capsys.readouterr().err


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with something in it."""
    preflight.claim(tmp_path / "data")
    (tmp_path / "data" / "engines").mkdir()
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("answer", "deleted"), [("y\n", True), ("yes\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_reset_asks_first(data: Path, monkeypatch: pytest.MonkeyPatch, answer: str, deleted: bool) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert cli.main(["reset", "--data", str(data)]) == (0 if deleted else 1)
    assert data.exists() is not deleted


def test_reset_with_yes_does_not_ask(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert cli.main(["reset", "--yes", "--data", str(data)]) == 0
    assert not data.exists()
    assert cli.main(["reset", "--yes", "--data", str(data)]) == 0


def test_reset_never_deletes_what_is_not_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").touch()
    assert cli.main(["reset", "--yes", "--data", str(tmp_path)]) == 1
    assert (tmp_path / "thesis.txt").exists()
    assert "not a data folder of this system" in capsys.readouterr().err


def test_reset_while_it_runs_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with preflight.locked(data):
        assert cli.main(["reset", "--yes", "--data", str(data)]) == 1
    assert data.exists()
    assert "already runs" in capsys.readouterr().err


def test_down_does_not_end_a_stranger_with_the_supervisors_id(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runfiles.write(data / "run" / "system.json", {"pid": 1, "started": "another boot:1", "ports": {}})
    runfiles.write(data / "run" / "processes" / "users-web.json", {"pid": 1, "started": "another boot:1"})
    assert cli.main(["down", "--data", str(data)]) == 0
    assert "Nothing runs" in capsys.readouterr().out
