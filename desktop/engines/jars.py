"""Class paths from Maven artifacts: the lock files name every jar and its checksum, so nothing is resolved here.

jgo reads the lock file and fetches from Maven Central. A fetched jar is checked and moved to its place; a note of
what is complete is written last. Whatever is interrupted before leaves nothing that would be taken for good.
"""

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.env import LockedDependency, LockFile

from desktop.engines.fetching import Fetcher, Progress, checksum, place, staging
from desktop.engines.locking import held

LOCKS = Path(__file__).parent / "locks"
AT_ONCE = 4


class Jars:
    """The jars of one lock file, below the cache folder."""

    def __init__(self, name: str, title: str, cache: Path) -> None:
        self.title, self.repository = title, cache / "maven"
        self.lock = LOCKS / f"{name}.lock.toml"
        self._dependencies: list[LockedDependency] = LockFile.load(self.lock).dependencies
        self._note = cache / f"{name}-{checksum(self.lock)[:16]}.json"

    def paths(self) -> list[Path]:
        """Every jar, in the order of the lock file."""
        return [self.repository / place(dependency) for dependency in self._dependencies]

    def class_path(self) -> str:
        """The jars as the JVM wants them. Call `fetch` before."""
        return os.pathsep.join(map(str, self.paths()))

    def complete(self) -> bool:
        """Whether every jar is there as it was when its checksum was found right."""
        try:
            sizes = json.loads(self._note.read_text())
            return all(path.stat().st_size == sizes.get(path.name) for path in self.paths())
        except (FileNotFoundError, json.JSONDecodeError):
            return False

    def fetch(self, notice: Callable[[str], None], check: Callable[[], None]) -> None:
        """Brings the cache up to the lock file. `check` is called now and then, and may raise to give up.

        Raises Unfetchable.
        """
        if self.complete():
            return
        self.repository.mkdir(parents=True, exist_ok=True)
        told = threading.Event()

        def waiting() -> None:
            check()
            if not told.is_set():
                told.set()
                notice(f"Another process fetches to {self._note.parent}: waiting for it")

        with held(self._note.parent / "lock", waiting=waiting):
            if not self.complete():
                self._fetch(notice, check)

    def _fetch(self, notice: Callable[[str], None], check: Callable[[], None]) -> None:
        missing = [one for one in self._dependencies if not self._sound(one)]
        progress = Progress(self.title, len(missing), notice)
        with staging(self.repository) as folder, ThreadPoolExecutor(AT_ONCE) as pool:
            fetcher = Fetcher(folder, progress)
            futures = [pool.submit(self._fetch_one, fetcher, one) for one in missing]
            try:
                for future in futures:
                    check()
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self._write_note()

    def _fetch_one(self, fetcher: Fetcher, dependency: LockedDependency) -> None:
        fetched = fetcher.fetch(dependency)
        target = self.repository / place(dependency)
        target.parent.mkdir(parents=True, exist_ok=True)
        fetched.replace(target)

    def _sound(self, dependency: LockedDependency) -> bool:
        path = self.repository / place(dependency)
        return path.exists() and checksum(path) == dependency.sha256

    def _write_note(self) -> None:
        draft = self._note.with_suffix(".draft")
        draft.write_text(json.dumps({path.name: path.stat().st_size for path in self.paths()}))
        draft.replace(self._note)
