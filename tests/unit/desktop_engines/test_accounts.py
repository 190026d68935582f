"""Started as root: who runs PostgreSQL, and where its files are that he must reach."""

import os
import pwd
import tempfile
from pathlib import Path

import pytest

from desktop.engines import EngineError, accounts
from desktop.engines.accounts import Account

SOMEBODY = Account(54_321, 54_321)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Instead of a folder in /var/lib."""
    monkeypatch.setattr(accounts, "ELSEWHERE", tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


@pytest.fixture
def open_parents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pytest's own temporary folders are closed to others: takes them for open."""
    closed = {*tmp_path.parents, tmp_path}
    before = Account._has
    monkeypatch.setattr(Account, "_has", lambda self, path, rights: path in closed or before(self, path, rights))


@pytest.mark.parametrize(("mode", "enters"), [(0o755, True), (0o711, True), (0o700, False), (0o744, False)])
@pytest.mark.usefixtures("open_parents")
def test_others_enter_where_the_folder_lets_them(tmp_path: Path, mode: int, enters: bool) -> None:
    folder = tmp_path / "folder" / "below"
    folder.mkdir(parents=True)
    folder.parent.chmod(mode)
    assert SOMEBODY.enters(folder) == enters


@pytest.mark.usefixtures("open_parents")
def test_the_owner_and_the_group_have_rights_of_their_own(tmp_path: Path) -> None:
    tmp_path.joinpath("folder").mkdir(mode=0o700)
    found = (tmp_path / "folder").stat()
    assert Account(found.st_uid, 54_321).enters(tmp_path / "folder")
    (tmp_path / "folder").chmod(0o710)
    assert Account(54_321, found.st_gid).enters(tmp_path / "folder")
    (tmp_path / "folder").chmod(0o077)
    assert not Account(found.st_uid, 54_321).enters(tmp_path / "folder")


def test_an_ordinary_user_needs_no_other_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {1000: "ada"}[uid])
    assert accounts.needed(tmp_path / "files") is None


def test_a_user_without_a_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}[uid])
    with pytest.raises(EngineError, match=r"needs a user with a name, .* none for the id 4711\. Start as another"):
        accounts.needed(tmp_path / "files")


def test_root_needs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    account = accounts.needed(tmp_path / "files")
    assert account is not None
    assert account.uid != 0


def test_root_leaves_an_ordinary_users_files_to_that_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "files").mkdir()
    if os.getuid() == 0:
        os.chown(tmp_path / "files", 4711, 4712)
        assert accounts.needed(tmp_path / "files") == Account(4711, 4712)
    else:
        assert accounts.needed(tmp_path / "files") == Account(os.getuid(), os.getgid())


def test_a_system_without_nobody_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", missing)
    with pytest.raises(EngineError, match="has no user nobody for it"):
        accounts.needed(tmp_path / "files")


def installation(folder: Path) -> Path:
    """Something like an installed PostgreSQL."""
    for name in ("bin/postgres", "lib/libpq.so.5", "include/libpq.h"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
        (folder / name).chmod(0o700)
    (folder / "lib" / "libpq.so").symlink_to("libpq.so.5")
    return folder


@pytest.mark.usefixtures("open_parents")
def test_programs_that_can_be_run_stay_where_they_are(tmp_path: Path) -> None:
    installed = installation(tmp_path / "installed")
    (installed / "bin" / "postgres").chmod(0o755)
    assert accounts.programs(installed, "18", SOMEBODY) == installed


def test_programs_out_of_reach_are_copied_once(tmp_path: Path, elsewhere: Path) -> None:
    installed = installation(tmp_path / "installed")
    copy = accounts.programs(installed, "18", SOMEBODY)
    assert copy == elsewhere / "postgresql-18"
    assert (copy / "bin" / "postgres").stat().st_mode & 0o777 == 0o755
    assert (copy / "lib" / "libpq.so").readlink() == Path("libpq.so.5")
    assert not (copy / "include").exists()
    (copy / "mark").touch()
    assert (accounts.programs(installed, "18", SOMEBODY) / "mark").exists()


def test_a_copy_that_was_interrupted_is_begun_anew(tmp_path: Path, elsewhere: Path) -> None:
    draft = elsewhere / ".postgresql-18"
    draft.mkdir(parents=True)
    (draft / "half").touch()
    copy = accounts.programs(installation(tmp_path / "installed"), "18", SOMEBODY)
    assert not (copy / "half").exists()
    assert not draft.exists()


@pytest.mark.usefixtures("open_parents")
def test_data_that_can_be_reached_stay_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    assert accounts.home(tmp_path / "data", SOMEBODY) == tmp_path / "data"


def test_data_out_of_reach_go_elsewhere_and_a_link_leads_there(tmp_path: Path, elsewhere: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    place = accounts.home(data, SOMEBODY)
    assert place.parent == elsewhere
    assert place.stat().st_mode & 0o777 == 0o711
    assert (data / "elsewhere").resolve() == place
    assert accounts.home(data, SOMEBODY) == place
    assert data.stat().st_mode & 0o777 == 0o700


def test_removing_takes_what_is_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    place = accounts.home(tmp_path / "data", SOMEBODY)
    (place / "files").mkdir()
    accounts.remove(tmp_path / "data")
    assert not place.exists()
    assert not (tmp_path / "data" / "elsewhere").is_symlink()


def test_removing_follows_no_link_to_anywhere_else(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "precious").mkdir()
    (tmp_path / "data" / "elsewhere").symlink_to(tmp_path / "precious")
    accounts.remove(tmp_path / "data")
    assert (tmp_path / "precious").exists()


def test_what_gone_temporary_folders_kept_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "gone").mkdir()
    (tmp_path / "here").mkdir()
    gone, here = (accounts.home(tmp_path / name, SOMEBODY) for name in ("gone", "here"))
    (tmp_path / "gone" / "elsewhere").unlink()
    accounts.sweep()
    assert (gone.exists(), here.exists()) == (False, True)


@pytest.mark.parametrize(("age", "content", "stays"), [(0, "", True), (7200, "", False), (7200, "files", True)])
def test_what_a_killed_start_left_empty_is_swept_when_it_is_old(
    elsewhere: Path, age: int, content: str, stays: bool
) -> None:
    place = elsewhere / "data-unfinished"
    (place / content).mkdir(parents=True)
    then = place.stat().st_mtime - age
    os.utime(place, (then, then))
    accounts.sweep()
    assert place.exists() == stays


def test_what_a_folder_kept_that_may_have_been_moved_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    place = accounts.home(tmp_path / "data", SOMEBODY)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "data").rename(tmp_path / "moved")
    accounts.sweep()
    assert place.exists()
    assert accounts.home(tmp_path / "moved", SOMEBODY) == place


def test_when_there_is_no_place_elsewhere_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(accounts, "ELSEWHERE", tmp_path / "file" / "elsewhere")
    (tmp_path / "data").mkdir()
    with pytest.raises(EngineError, match=r"cannot be made .*Start as an ordinary user"):
        accounts.home(tmp_path / "data", SOMEBODY)


def test_data_that_became_unreachable_are_told(tmp_path: Path) -> None:
    (tmp_path / "data" / "files").mkdir(parents=True)
    with pytest.raises(EngineError, match=r"can no longer enter .*chmod a\+x"):
        accounts.home(tmp_path / "data", SOMEBODY)


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "elsewhere").symlink_to(elsewhere / "data-gone")
    with pytest.raises(EngineError, match=r"were in .*data-gone, which is gone"):
        accounts.home(tmp_path / "data", SOMEBODY)
