"""The folder of a run, and the end of whatever is still running in it."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop import leftovers, runfiles

PREFIX = "social-network-tests-"
OWNER = "owner.json"
# A folder this young may belong to a run that has not signed it yet.
YOUNG_SECONDS = 60.0

Say = Callable[[str], None]


@contextmanager
def workplace(say: Say, parent: Path | None = None) -> Iterator[Path]:
    """A new folder, signed by this process and deleted at the end. First clears away what killed runs left."""
    parent = parent or Path(tempfile.gettempdir())
    clear(parent, say)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    # PostgreSQL does not run as root: its user must be able to reach its folder below.
    folder.chmod(0o755)
    runfiles.record(folder / OWNER, os.getpid())
    try:
        yield folder
    finally:
        end_all(folder, say)
        shutil.rmtree(folder, ignore_errors=True)


def clear(parent: Path, say: Say) -> None:
    """End and delete what runs left whose process is no more."""
    for folder in parent.glob(f"{PREFIX}*"):
        if _abandoned(folder):
            end_all(folder, say)
            shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    try:
        young = time.time() - folder.stat().st_mtime < YOUNG_SECONDS
        return not young and runfiles.recall(folder / OWNER) is None
    except (FileNotFoundError, PermissionError):
        # It is being deleted, or is another user's.
        return False


def end_systems(lane: Path, say: Say) -> None:
    """End the processes of systems that a lane's suites started and could not stop; each has its own session."""
    for run in sorted(lane.glob("suites/*/tmp/**/run")):
        leftovers.end(run.parent, say)


def end_all(folder: Path, say: Say) -> None:
    """End every process that a run file below the folder tells of: those of systems, then the run's engines."""
    for lane in sorted(path for path in folder.iterdir() if path.is_dir()):
        end_systems(lane, say)
        for engines in sorted(lane.glob("*/engines")):
            leftovers.end(engines.parent, say)
