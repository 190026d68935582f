"""Class paths from Maven artifacts: the lock files name every jar and its checksum, so nothing is resolved here.

jgo fetches from Maven Central. A fetched jar is checked and moved to its place; a note of
what is complete is written last. Whatever is interrupted before leaves nothing that would be taken for good.
"""

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.engines import locked
from desktop.engines.errors import EngineError
from desktop.engines.locked import Jar
from desktop.engines.locking import held

if TYPE_CHECKING:
    from desktop.engines.fetching import Fetcher

LOCKS = Path(__file__).parent / "locks"
AT_ONCE = 4


class Jars:
    """The jars of one lock file, below the cache folder."""

    def __init__(self, name: str, title: str, cache: Path) -> None:
        self.title, self.repository = title, cache / "maven"
        lock = LOCKS / f"{name}.lock.toml"
        self._jars = locked.jars(lock)
        self._note = cache / f"{name}-{locked.checksum(lock)[:16]}.json"

    def paths(self) -> list[Path]:
        """Every jar, in the order of the lock file."""
        return [self.repository / jar.path for jar in self._jars]

    def class_path(self) -> str:
        """The jars as the JVM wants them. Call `fetch` before."""
        return os.pathsep.join(map(str, self.paths()))

    def complete(self) -> bool:
        """Whether every jar is there as it was when its checksum was found right."""
        try:
            sizes = json.loads(self._note.read_text())
            return all(path.stat().st_size == sizes.get(path.name) for path in self.paths())
        except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
            return False

    def fetch(self, notice: Callable[[str], None], check: Callable[[], None]) -> None:
        """Brings the cache up to the lock file. `check` is called now and then, and may raise to give up.

        Raises Unfetchable, and EngineError where the cache cannot be written.
        """
        if self.complete():
            return
        try:
            self.repository.mkdir(parents=True, exist_ok=True)
            with held(self._note.parent / "lock", waiting=_patient(notice, check)):
                if not self.complete():
                    self._fetch(notice, check)
        except OSError as error:
            raise EngineError(
                f"{self.title} cannot be kept in {self._note.parent}: {error.strerror or error}. See to it that "
                "there is room and that this user may write there, or name another folder in SOCIAL_NETWORK_CACHE."
            ) from error

    def _fetch(self, notice: Callable[[str], None], check: Callable[[], None]) -> None:
        # Here, because jgo and what it brings take half a second to import, and are needed once.
        from desktop.engines.fetching import Fetcher, Progress, staging

        missing = [jar for jar in self._jars if not jar.sound(self.repository / jar.path)]
        progress = Progress(self.title, len(missing), notice, check)
        with staging(self.repository) as folder, ThreadPoolExecutor(AT_ONCE) as pool:
            fetcher = Fetcher(folder, progress)
            futures = [pool.submit(self._fetch_one, fetcher, jar) for jar in missing]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                progress.give_up()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self._write_note()

    def _fetch_one(self, fetcher: "Fetcher", jar: Jar) -> None:
        fetched = fetcher.fetch(jar)
        target = self.repository / jar.path
        target.parent.mkdir(parents=True, exist_ok=True)
        fetched.replace(target)

    def _write_note(self) -> None:
        draft = self._note.with_suffix(".draft")
        draft.write_text(json.dumps({path.name: path.stat().st_size for path in self.paths()}))
        draft.replace(self._note)


def _patient(notice: Callable[[str], None], check: Callable[[], None]) -> Callable[[], None]:
    """What to do while somebody else fetches: say so, once."""
    told = threading.Event()

    def waiting() -> None:
        check()
        if not told.is_set():
            told.set()
            notice("Something else is being fetched: waiting for it")

    return waiting
