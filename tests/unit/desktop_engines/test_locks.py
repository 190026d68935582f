"""The committed lock files are of the versions that the code names, and whole."""

import pytest
from jgo.env import LockFile

from desktop.engines import kafka, neo4j, relock, tansu
from desktop.engines.jars import LOCKS


@pytest.mark.parametrize("name", relock.ARTIFACTS)
def test_every_jar_has_a_checksum(name: str) -> None:
    found = LockFile.load(LOCKS / f"{name}.lock.toml").dependencies
    assert len(found) > 40
    assert all(len(one.sha256 or "") == 64 for one in found)


@pytest.mark.parametrize("name", relock.ARTIFACTS)
def test_every_artifact_asked_for_is_in_it(name: str) -> None:
    found = LockFile.load(LOCKS / f"{name}.lock.toml").dependencies
    assert set(relock.ARTIFACTS[name]) <= {f"{one.groupId}:{one.artifactId}:{one.version}" for one in found}


@pytest.mark.parametrize("name", relock.ARTIFACTS)
def test_no_jar_is_in_it_twice(name: str) -> None:
    found = LockFile.load(LOCKS / f"{name}.lock.toml").dependencies
    keys = [(one.groupId, one.artifactId, one.classifier) for one in found]
    assert len(keys) == len(set(keys))


def test_titles_name_the_locked_versions() -> None:
    assert kafka.VERSION == relock.KAFKA
    assert relock.NEO4J.startswith(f"{neo4j.VERSION}.")


def test_tansu_is_locked_for_four_systems() -> None:
    assert tansu.LOCK.read_text().count("--hash=sha256:") == 4
