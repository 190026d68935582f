"""Class paths from Maven artifacts: the lock files name every jar and its checksum, so nothing is resolved here.

jgo reads the lock file and fetches from Maven Central. A fetched jar is checked and moved to its place; a note of
what is complete is written last. Whatever is interrupted before leaves nothing that would be taken for good.
"""

import contextlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.env._lockfile import LockedDependency, LockFile, compute_sha256
from jgo.maven import MavenContext, PythonResolver

from desktop.engines.errors import Unfetchable
from desktop.engines.locking import held

LOCKS = Path(__file__).parent / "locks"
AT_ONCE = 4
TRIES = 3
SECONDS = 30
NOTICE_EVERY = 10_000_000


class Jars:
    """The jars of one lock file, below the cache folder."""

    def __init__(self, name: str, title: str, cache: Path) -> None:
        self.title, self.repository = title, cache / "maven"
        self.lock = LOCKS / f"{name}.lock.toml"
        self._dependencies: list[LockedDependency] = LockFile.load(self.lock).dependencies
        self._note = cache / f"{name}-{compute_sha256(self.lock)[:16]}.json"

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
        with _staging(self.repository) as staging, ThreadPoolExecutor(AT_ONCE) as pool:
            fetcher = Fetcher(staging, progress)
            futures = [pool.submit(self._fetch_one, fetcher, one) for one in missing]
            try:
                for future in futures:
                    check()
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self._write_note()

    def _fetch_one(self, fetcher: "Fetcher", dependency: LockedDependency) -> None:
        fetched = fetcher.fetch(dependency)
        target = self.repository / place(dependency)
        target.parent.mkdir(parents=True, exist_ok=True)
        fetched.replace(target)

    def _sound(self, dependency: LockedDependency) -> bool:
        path = self.repository / place(dependency)
        return path.exists() and compute_sha256(path) == dependency.sha256

    def _write_note(self) -> None:
        draft = self._note.with_suffix(".draft")
        draft.write_text(json.dumps({path.name: path.stat().st_size for path in self.paths()}))
        draft.replace(self._note)


class Fetcher:
    """Fetches jars into a folder of its own, and lets none through whose checksum differs."""

    def __init__(self, staging: Path, progress: "Progress") -> None:
        self._progress = progress
        resolver = PythonResolver(progress_callback=progress.file)
        self._context = MavenContext(resolver=resolver, repo_cache=staging, local_repos=[], timeout=SECONDS)

    def fetch(self, dependency: LockedDependency) -> Path:
        """The jar's temporary path. Raises Unfetchable."""
        for tried in range(1, TRIES + 1):
            try:
                path = self._download(dependency)
            except (requests.RequestException, RuntimeError, OSError) as error:
                if tried == TRIES or isinstance(error, OSError) and not isinstance(error, requests.RequestException):
                    raise Unfetchable(self._sentence(_short(error))) from error
            else:
                if compute_sha256(path) == dependency.sha256:
                    self._progress.done()
                    return path
                path.unlink()
        raise Unfetchable(self._sentence(f"{dependency.artifactId} came with a wrong checksum"))

    def _download(self, dependency: LockedDependency) -> Path:
        project = self._context.project(dependency.groupId, dependency.artifactId)
        artifact = project.at_version(dependency.version).artifact(
            classifier=dependency.classifier or "", packaging=dependency.packaging
        )
        # What an earlier try left half done would be taken for the whole.
        Path(artifact.cached_path).unlink(missing_ok=True)
        return Path(self._context.resolver.download(artifact))

    def _sentence(self, reason: str) -> str:
        return (
            f"{self._progress.title} cannot be fetched from Maven Central ({reason}). Check the connection and the "
            "disk, and start again: what has been fetched is kept."
        )


class Progress:
    """Tells how far a download is, every ten megabytes and at its end."""

    def __init__(self, title: str, files: int, notice: Callable[[str], None]) -> None:
        self.title, self._files, self._notice = title, files, notice
        self._done = self._bytes = self._told = 0
        self._turn = threading.Lock()
        notice(f"Fetching {title} (only once): {files} files")

    @contextmanager
    def file(self, name: str, size: int) -> Iterator[Callable[[int], None]]:
        """jgo's callback for one file."""
        yield self._more

    def done(self) -> None:
        """One more file is there."""
        with self._turn:
            self._done += 1
            if self._done == self._files:
                self._tell()

    def _more(self, size: int) -> None:
        with self._turn:
            self._bytes += size
            if self._bytes - self._told >= NOTICE_EVERY:
                self._tell()

    def _tell(self) -> None:
        self._told = self._bytes
        self._notice(f"Fetching {self.title}: {self._done} of {self._files} files, {self._bytes / 1e6:.0f} MB")


def place(dependency: LockedDependency) -> Path:
    """Where a jar lies in a Maven repository."""
    classifier = f"-{dependency.classifier}" if dependency.classifier else ""
    name = f"{dependency.artifactId}-{dependency.version}{classifier}.{dependency.packaging}"
    return Path(*dependency.groupId.split("."), dependency.artifactId, dependency.version, name)


@contextmanager
def _staging(repository: Path) -> Iterator[Path]:
    """A folder on the same disk for what is being fetched; clears away those of killed processes."""
    for left in repository.glob(".fetching-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=".fetching-", dir=repository))
    try:
        yield folder
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
