"""What a lock file names: jars of a Maven repository, each with its checksum. jgo writes it, see `relock`."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Jar:
    """One jar by its Maven coordinates, and the SHA-256 of what it holds."""

    group: str
    name: str
    version: str
    classifier: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies in a Maven repository."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        file = f"{self.name}-{self.version}{classifier}.jar"
        return Path(*self.group.split("."), self.name, self.version, file)

    def sound(self, path: Path) -> bool:
        """Whether this file is the jar that was locked."""
        return path.exists() and checksum(path) == self.sha256


def jars(lock: Path) -> list[Jar]:
    """The jars of a lock file. Read here and not by jgo, whose import takes as long as PostgreSQL's start."""
    return [
        Jar(
            group=one["groupId"],
            name=one["artifactId"],
            version=one["version"],
            classifier=one.get("classifier", ""),
            sha256=one["sha256"],
        )
        for one in tomllib.loads(lock.read_text())["dependencies"]
    ]


def checksum(path: Path) -> str:
    """The SHA-256 of a file, as lock files write it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
