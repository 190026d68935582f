"""How a lock file is read, and where its jars lie."""

from pathlib import Path

import pytest
from jgo.env import LockFile

from desktop.engines import locked, relock
from desktop.engines.jars import LOCKS
from desktop.engines.locked import Jar
from tests.unit.desktop_engines import maven


def jar(classifier: str = "") -> Jar:
    return Jar(group="org.example.deep", name="thing", version="1.2", classifier=classifier, sha256="")


def test_a_jar_lies_where_maven_puts_it() -> None:
    assert jar().path == Path("org/example/deep/thing/1.2/thing-1.2.jar")


def test_a_classifier_is_part_of_its_name() -> None:
    assert jar("linux-x86_64").path.name == "thing-1.2-linux-x86_64.jar"


def test_only_what_was_locked_is_sound(tmp_path: Path) -> None:
    maven.lock(tmp_path / "lock", "alpha")
    (alpha,) = locked.jars(tmp_path / "lock")
    file = tmp_path / "alpha.jar"
    assert not alpha.sound(file)
    file.write_bytes(maven.content("alpha"))
    assert alpha.sound(file)
    file.write_bytes(maven.content("alpha")[:-1])
    assert not alpha.sound(file)


@pytest.mark.parametrize("name", relock.ARTIFACTS)
def test_it_is_read_as_jgo_reads_it(name: str) -> None:
    lock = LOCKS / f"{name}.lock.toml"
    expected = [
        (one.groupId, one.artifactId, one.version, one.classifier or "", one.sha256, "jar")
        for one in LockFile.load(lock).dependencies
    ]
    found = [(one.group, one.name, one.version, one.classifier, one.sha256, "jar") for one in locked.jars(lock)]
    assert found == expected
