"""PostgreSQL runs as root's nobody and as an ordinary user alike."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.engines import PostgreSQL, accounts, postgresql, remove
from tests.integration.desktop_engines.conftest import Make

# Python itself may be installed where others cannot read it: the rights are given up once all is loaded.
STARTS = """
import os, sys
from pathlib import Path
from desktop.engines import PostgreSQL
folder, uid = Path(sys.argv[1]), int(sys.argv[2])
if os.geteuid() != uid:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
engine = PostgreSQL(folder, log=folder / "log", cache=folder / "cache")
engine.start()
try:
    print(engine.version())
finally:
    engine.stop()
"""
BASE = Path(__file__).resolve().parents[3]
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    remove(folder)
    shutil.rmtree(folder)


@only_root
def test_as_root_its_processes_and_files_are_nobodys(make: Make, tmp_path: Path) -> None:
    engine = make(PostgreSQL)
    engine.start()
    nobody = pwd.getpwnam("nobody").pw_uid
    assert Path(f"/proc/{engine.pid}").stat().st_uid == nobody
    assert "Groups:\t \n" in Path(f"/proc/{engine.pid}/status").read_text()
    # pytest's folders are closed to others, so the data are elsewhere, and go with `remove`.
    place = (engine.data / "elsewhere").resolve()
    assert (place / "files").stat().st_uid == nobody
    engine.stop()
    remove(tmp_path)
    assert not place.exists()


@only_root
def test_as_root_data_that_nobody_can_reach_stay_in_their_folder(open_folder: Path) -> None:
    engine = PostgreSQL(open_folder, log=open_folder / "log", cache=open_folder / "cache")
    engine.start()
    engine.stop()
    assert (engine.data / "files" / "PG_VERSION").exists()
    assert not (engine.data / "elsewhere").exists()


def test_data_that_were_copied_are_made_its_own_again(open_folder: Path) -> None:
    engine = PostgreSQL(open_folder, log=open_folder / "log", cache=open_folder / "cache")
    engine.start()
    engine.stop()
    shutil.copytree(engine.data / "files", open_folder / "copy")
    (open_folder / "copy").chmod(0o755)
    shutil.rmtree(engine.data / "files")
    (open_folder / "copy").rename(engine.data / "files")
    try:
        engine.start()
        assert engine.version().startswith("18.")
    finally:
        engine.stop()


def test_an_ordinary_user_needs_nothing_else(open_folder: Path) -> None:
    account = accounts.needed(open_folder / "none")
    if account and not account.runs(postgresql.installed() / "bin" / "postgres"):
        pytest.skip("the installed packages are closed to other users, so none of them can try")
    uid = account.uid if account else os.geteuid()
    os.chown(open_folder, uid, -1)
    done = subprocess.run(
        [sys.executable, "-c", STARTS, str(open_folder), str(uid)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(BASE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("18.")
    assert (open_folder / "postgresql" / "files" / "PG_VERSION").stat().st_uid == uid
    assert not (open_folder / "postgresql" / "elsewhere").exists()
