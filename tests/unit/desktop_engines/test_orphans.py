"""Processes that outlive their server are found by their command line, and nobody else is."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from desktop.engines import PostgreSQL, orphans

SLEEPING = "import sys; sys.stdout.write('up\\n'); sys.stdout.flush(); import time; time.sleep(60)"


@pytest.fixture
def sleeping(tmp_path: Path) -> "Iterator[list[subprocess.Popen[str]]]":
    """Two processes that are known by their last argument."""
    with ExitStack() as stack:
        made = []
        for name in ("orphan", "stranger"):
            command = [sys.executable, "-c", SLEEPING, f"{name}-{tmp_path}"]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            made.append(process)
        yield made


def test_those_that_are_ours_are_ended_and_gone(sleeping: "list[subprocess.Popen[str]]", tmp_path: Path) -> None:
    orphan, stranger = sleeping
    orphans.end(lambda command: command.rstrip().endswith(f"orphan-{tmp_path}"))
    assert orphan.wait(0) == -9
    assert stranger.poll() is None


def test_without_proc_ps_is_asked(
    sleeping: "list[subprocess.Popen[str]]", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(orphans, "PROC", tmp_path)
    found = dict(orphans.commands())
    assert found[sleeping[0].pid].endswith(f" orphan-{tmp_path}")
    assert found[sleeping[1].pid].endswith(f" stranger-{tmp_path}")


def test_a_postgresql_knows_its_own(tmp_path: Path) -> None:
    def made(name: str) -> PostgreSQL:
        return PostgreSQL(tmp_path / name, port=1, log=tmp_path / "log", cache=tmp_path)

    one, other = made("one"), made("other")
    server = " ".join(one.launch().command) + " "
    backend = f"postgres: {one._cluster}: postgres social 127.0.0.1(5) SELECT"
    assert one.is_ours(server)
    assert one.is_ours(backend)
    assert not other.is_ours(server)
    assert not other.is_ours(backend)
    assert not one.is_ours(f"tail -f {one.data}/files/log")
    assert not one.is_ours("postgres: checkpointer")
