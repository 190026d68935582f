"""Fetching jars from Maven Central with jgo: into a folder of their own, checked, with word of how far it is."""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver

from desktop.engines.errors import EngineError, Unfetchable
from desktop.engines.locked import Jar

TRIES = 3
# To connect, and between two pieces of an answer.
SECONDS = 10
NOTICE_EVERY = 10_000_000
# Name and address of each; None: jgo's own, Maven Central.
REPOSITORIES: dict[str, str] | None = None


class Fetcher:
    """Fetches jars into a folder of its own, and lets none through whose checksum differs."""

    def __init__(self, staging: Path, progress: "Progress") -> None:
        self._progress, self._staging = progress, staging
        resolver = PythonResolver(progress_callback=progress.file)
        self._context = MavenContext(
            resolver=resolver, repo_cache=staging, local_repos=[], remote_repos=REPOSITORIES, timeout=SECONDS
        )

    def fetch(self, jar: Jar) -> Path:
        """The jar's temporary path. Raises Unfetchable."""
        for tried in range(1, TRIES + 1):
            self._progress.check()
            try:
                path = self._download(jar)
            except (requests.RequestException, RuntimeError) as error:
                # A RuntimeError is jgo's word that no repository has it.
                if tried == TRIES:
                    raise Unfetchable(self._sentence(_reason(error, jar))) from error
            else:
                if jar.sound(path):
                    self._progress.done()
                    return path
        raise Unfetchable(self._sentence(f"{jar.path.name} came with a wrong checksum"))

    def _download(self, jar: Jar) -> Path:
        artifact = self._context.project(jar.group, jar.name).at_version(jar.version).artifact(jar.classifier, "jar")
        # What an earlier try left half done would be taken for the whole.
        (self._staging / jar.path).unlink(missing_ok=True)
        if (path := self._context.resolver.download(artifact)) is None:
            raise RuntimeError("nothing came")
        return path

    def _sentence(self, reason: str) -> str:
        return (
            f"{self._progress.title} cannot be fetched from Maven Central ({reason}). Check the connection and "
            "start again: what has been fetched is kept."
        )


class Progress:
    """Tells how far a download is, every ten megabytes and at its end; and ends it, piece by piece as it comes, as
    soon as `check` raises or `give_up` was called."""

    def __init__(self, title: str, files: int, notice: Callable[[str], None], check: Callable[[], None]) -> None:
        self.title, self._files, self._notice, self._check = title, files, notice, check
        self._over = False
        self._done = self._bytes = self._told = 0
        self._turn = threading.Lock()
        notice(f"Fetching {title} (only once): {files} files")

    @contextmanager
    def file(self, name: str, size: int) -> Iterator[Callable[[int], None]]:
        """jgo's callback for one file."""
        yield self._more

    def give_up(self) -> None:
        """What is still being fetched is wanted no more."""
        self._over = True

    def check(self) -> None:
        """Raises where the download is to end."""
        self._check()
        if self._over:
            raise EngineError(f"{self.title} was not fetched.")

    def done(self) -> None:
        """One more file is there."""
        with self._turn:
            self._done += 1
            if self._done == self._files:
                self._tell()

    def _more(self, size: int) -> None:
        self.check()
        with self._turn:
            self._bytes += size
            if self._bytes - self._told >= NOTICE_EVERY:
                self._tell()

    def _tell(self) -> None:
        self._told = self._bytes
        self._notice(f"Fetching {self.title}: {self._done} of {self._files} files, {self._bytes / 1e6:.0f} MB")


@contextmanager
def staging(repository: Path) -> Iterator[Path]:
    """A folder on the same disk for what is being fetched; clears away those of killed processes."""
    for left in repository.glob(".fetching-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=".fetching-", dir=repository))
    try:
        yield folder
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)


# The first that fits is told: the later ones are what the earlier are kinds of.
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.SSLError, "its certificate is not trusted here"),
    (requests.exceptions.ProxyError, "the proxy does not let through"),
    (requests.Timeout, "it does not answer"),
    (requests.ConnectionError, "no connection to it"),
    (requests.RequestException, "the connection broke off"),
)


def _reason(error: Exception, jar: Jar) -> str:
    for kind, words in REASONS:
        if isinstance(error, kind):
            return words
    return f"{jar.path.name} is not there"
