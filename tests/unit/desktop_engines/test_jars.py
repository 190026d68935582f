"""Jars in the cache: fetched once, whole or not at all, whatever happens to the connection or the process."""

import gc
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.bootstrap import BASE
from desktop.engines import EngineError, Unfetchable, fetching, jars
from desktop.engines.jars import Jars
from desktop.engines.server import silent
from tests.unit.desktop_engines import maven
from tests.unit.desktop_engines.maven import Repository

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")


def unwatched() -> None:
    """Nobody gives up."""


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Repository]:
    """What stands for Maven Central, and a lock file of six jars."""
    maven.lock(tmp_path / "things.lock.toml", *NAMES)
    monkeypatch.setattr(jars, "LOCKS", tmp_path)
    with Repository() as server:
        monkeypatch.setattr(fetching, "REPOSITORIES", {"here": server.url})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.open.set()
        server.shutdown()
        thread.join()
    # jgo leaves a connection that broke off to the garbage collector, which would complain in some later test.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def things(tmp_path: Path) -> Jars:
    return Jars("things", "Things 1", tmp_path / "cache")


def assert_whole(found: Jars) -> None:
    assert found.complete()
    assert [path.read_bytes() for path in found.paths()] == [maven.content(name) for name in NAMES]
    assert not list(found.repository.glob(".fetching-*"))


def test_every_jar_is_fetched_once(repository: Repository, tmp_path: Path) -> None:
    found = things(tmp_path)
    assert not found.complete()
    found.fetch(silent, unwatched)
    assert_whole(found)
    things(tmp_path).fetch(silent, unwatched)
    assert repository.asked == dict.fromkeys(NAMES, 1)


def test_the_class_path_is_in_the_lock_files_order(repository: Repository, tmp_path: Path) -> None:
    found = things(tmp_path)
    assert found.class_path().split(":") == [str(path) for path in found.paths()]
    assert [path.name for path in found.paths()] == [f"{name}-1.jar" for name in NAMES]


def test_progress_is_told_from_first_to_last(repository: Repository, tmp_path: Path) -> None:
    said: list[str] = []
    things(tmp_path).fetch(said.append, unwatched)
    assert said[0] == "Fetching Things 1 (only once): 6 files"
    assert said[-1] == "Fetching Things 1: 6 of 6 files, 0 MB"
    said.clear()
    things(tmp_path).fetch(said.append, unwatched)
    assert said == []


@pytest.mark.parametrize("failure", ["cut", "changed", "missing"])
def test_a_jar_that_comes_badly_is_fetched_again(repository: Repository, tmp_path: Path, failure: str) -> None:
    getattr(repository, failure)["beta"] = 2
    found = things(tmp_path)
    found.fetch(silent, unwatched)
    assert_whole(found)
    assert repository.asked["beta"] == 3


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("cut", "the connection broke off"),
        ("changed", "beta-1.jar came with a wrong checksum"),
        ("missing", "-1.jar is not there"),
    ],
)
def test_one_that_never_comes_is_told_and_the_others_are_kept(
    repository: Repository, tmp_path: Path, failure: str, reason: str
) -> None:
    getattr(repository, failure)["zeta"] = 99
    getattr(repository, failure)["beta"] = 99
    found = things(tmp_path)
    with pytest.raises(Unfetchable, match=rf"Things 1 cannot be fetched from Maven Central .*{reason}.*start again"):
        found.fetch(silent, unwatched)
    assert not found.complete()
    assert not found.paths()[1].exists()
    getattr(repository, failure).clear()
    found.fetch(silent, unwatched)
    assert_whole(found)
    assert repository.asked["alpha"] == 1


def test_without_a_connection_it_says_so(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "REPOSITORIES", {"nowhere": "http://127.0.0.1:9"})
    with pytest.raises(Unfetchable, match=r"no connection to it.*Check the connection"):
        things(tmp_path).fetch(silent, unwatched)


def test_a_jar_that_somebody_damaged_is_fetched_again(repository: Repository, tmp_path: Path) -> None:
    found = things(tmp_path)
    found.fetch(silent, unwatched)
    found.paths()[2].write_bytes(b"short")
    assert not found.complete()
    found.fetch(silent, unwatched)
    assert_whole(found)
    assert repository.asked == dict.fromkeys(NAMES, 1) | {"gamma": 2}


def test_a_broken_note_is_no_note(repository: Repository, tmp_path: Path) -> None:
    found = things(tmp_path)
    found.fetch(silent, unwatched)
    (note,) = (tmp_path / "cache").glob("things-*.json")
    note.write_text("{")
    found.fetch(silent, unwatched)
    assert_whole(found)
    assert repository.asked == dict.fromkeys(NAMES, 1)


def test_whoever_watches_can_end_it(repository: Repository, tmp_path: Path) -> None:
    def refuse() -> None:
        raise EngineError("Enough.")

    with pytest.raises(EngineError, match=r"Enough\."):
        things(tmp_path).fetch(silent, refuse)
    assert not list((tmp_path / "cache" / "maven").glob(".fetching-*"))


def test_a_download_ends_in_the_middle_of_a_jar() -> None:
    def refuse() -> None:
        raise EngineError("Enough.")

    progress = fetching.Progress("Things 1", 1, silent, refuse)
    with progress.file("one.jar", 2) as more, pytest.raises(EngineError, match=r"Enough\."):
        more(1)
    progress = fetching.Progress("Things 1", 1, silent, unwatched)
    with progress.file("one.jar", 2) as more:
        more(1)
        progress.give_up()
        with pytest.raises(EngineError, match="was not fetched"):
            more(1)


def test_a_cache_that_cannot_be_is_told_with_the_way_out(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(EngineError, match="or name another folder in SOCIAL_NETWORK_CACHE"):
        things(tmp_path).fetch(silent, unwatched)


FETCHING = """
import sys
from pathlib import Path
from desktop.engines import fetching, jars
jars.LOCKS, fetching.REPOSITORIES = Path(sys.argv[1]), {"here": sys.argv[2]}
jars.Jars("things", "Things 1", Path(sys.argv[1]) / "cache").fetch(print, lambda: None)
"""


def fetching_process(tmp_path: Path, repository: Repository) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", FETCHING, str(tmp_path), repository.url], cwd=BASE)


def test_two_processes_share_the_work_of_one(repository: Repository, tmp_path: Path) -> None:
    both = [fetching_process(tmp_path, repository) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert_whole(things(tmp_path))
    assert repository.asked == dict.fromkeys(NAMES, 1)


def test_a_killed_process_leaves_nothing_that_is_taken_for_whole(repository: Repository, tmp_path: Path) -> None:
    repository.open.clear()
    with fetching_process(tmp_path, repository) as process:
        deadline = time.monotonic() + 60
        while not repository.asked:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    repository.open.set()
    found = things(tmp_path)
    assert list(found.repository.glob(".fetching-*"))
    assert not found.complete()
    found.fetch(silent, unwatched)
    assert_whole(found)
