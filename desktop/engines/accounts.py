"""PostgreSQL refuses to run as root. Started by root, it runs as the user nobody, who must reach its files.

Where a parent folder is closed to others (a checkout below /root, a temporary folder), neither the programs nor the
data can stay where they are: they go to /var/lib/social-network, and a link in the data folder leads there. The
rights of folders that are not ours are never changed.
"""

import contextlib
import os
import pwd
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from desktop import runfiles
from desktop.engines.errors import EngineError
from desktop.engines.locking import held

NAME = "nobody"
ELSEWHERE = Path("/var/lib/social-network")
# Below the data folder, or below the one that it leads to.
FILES, LINK = "files", "elsewhere"
SECONDS_TO_MAKE = 3600.0


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group."""

    uid: int
    gid: int

    def enters(self, folder: Path) -> bool:
        """Whether it may pass through the folder and all above it."""
        return all(self._has(one, stat.S_IXOTH) for one in (folder, *folder.parents))

    def runs(self, program: Path) -> bool:
        """Whether it may read and execute the file."""
        return self.enters(program.parent) and self._has(program, stat.S_IROTH | stat.S_IXOTH)

    def _has(self, path: Path, rights: int) -> bool:
        found = path.stat()
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid == self.gid else 0
        return found.st_mode >> shift & rights == rights


def needed(files: Path) -> Account | None:
    """The account that is to run a server with these data; None: whoever we are. Raises EngineError."""
    if os.geteuid() != 0:
        _check_named(os.geteuid())
        return None
    if files.exists():
        owner = files.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        raise EngineError(
            f"PostgreSQL does not run as root, and this system has no user {NAME} for it. Start as an ordinary user."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def _check_named(uid: int) -> None:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise EngineError(
            f"PostgreSQL needs a user with a name, and this system has none for the id {uid}. Start as another user, "
            "or set DATABASE_URL to a server that runs elsewhere."
        ) from None


def programs(installed: Path, version: str, account: Account) -> Path:
    """A folder with the installed programs (`bin/postgres`) that the account may run: it, or a copy of it."""
    if account.runs(installed / "bin" / "postgres"):
        return installed
    copy = _elsewhere() / f"postgresql-{version}"
    with held(ELSEWHERE / "lock", waiting=lambda: None):
        if not copy.exists():
            _copy(installed, copy)
    return copy


def _copy(installed: Path, copy: Path) -> None:
    draft = copy.with_name(f".{copy.name}")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(installed, draft, symlinks=True, ignore=shutil.ignore_patterns("include"))
    for one in (draft, *draft.rglob("*")):
        if not one.is_symlink():
            one.chmod(0o755 if one.is_dir() or one.parent.name == "bin" else 0o644)
    draft.replace(copy)


def home(data: Path, account: Account) -> Path:
    """A folder of ours in which the account can reach what it owns: the data folder, or one that it leads to.

    Raises EngineError where there are data already that it cannot reach.
    """
    link = data / LINK
    if link.is_symlink():
        if not link.exists():
            raise EngineError(
                f"PostgreSQL's data were in {link.readlink()}, which is gone. Put it back, or begin anew with "
                "./manage.py reset."
            )
        return link.resolve()
    if account.enters(data):
        return data
    if (data / FILES).exists():
        raise EngineError(
            f"PostgreSQL does not run as root, and its user {NAME} can no longer enter {data}. Let others pass "
            f"through it and the folders above (chmod a+x), or start as an ordinary user."
        )
    return _lead_elsewhere(data, link)


def _lead_elsewhere(data: Path, link: Path) -> Path:
    sweep()
    place = Path(tempfile.mkdtemp(prefix="data-", dir=_elsewhere()))
    place.chmod(0o711)
    link.symlink_to(place)
    # Last: whoever sweeps takes a place with an owner that does not lead to it for a forgotten one.
    runfiles.write(place / "owner.json", {"data": str(data)})
    return place


def remove(data: Path) -> None:
    """Deletes what a data folder keeps elsewhere. Its server must have been stopped."""
    link = data / LINK
    if link.is_symlink() and link.resolve().parent == ELSEWHERE:
        shutil.rmtree(link.resolve(), ignore_errors=True)
        link.unlink()


def sweep() -> None:
    """Deletes what data folders kept here that were temporary and are gone. Others may have been moved: they stay."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for place in ELSEWHERE.glob("data-*"):
        told = runfiles.read(place / "owner.json")
        data = Path(told["data"]) if told else None
        if data is None:
            _forget_unfinished(place)
        elif data.is_relative_to(temporary) and (data / LINK).resolve() != place:
            shutil.rmtree(place, ignore_errors=True)


def _forget_unfinished(place: Path) -> None:
    """One without an owner is being made just now, or its maker was killed; then it is empty."""
    with contextlib.suppress(OSError):
        if time.time() - place.stat().st_mtime > SECONDS_TO_MAKE:
            place.rmdir()


def _elsewhere() -> Path:
    try:
        if not ELSEWHERE.exists():
            ELSEWHERE.mkdir(parents=True, exist_ok=True)
            # Whatever the umask of root's shell.
            ELSEWHERE.chmod(0o755)
    except OSError as error:
        raise EngineError(
            f"PostgreSQL does not run as root, its user {NAME} cannot enter the folders of this one, and "
            f"{ELSEWHERE} cannot be made ({error.strerror}). Start as an ordinary user, or with a data folder "
            "and a checkout that everybody may enter."
        ) from error
    return ELSEWHERE
