"""requirements.lock: what the images install is what requirements.txt asks for."""

from pathlib import Path

import pytest

from docker import lock


@pytest.mark.parametrize("path", lock.LOCKS, ids=lambda path: path.name)
def test_the_locks_are_those_of_the_requirements(path: Path) -> None:
    assert list(lock.drift(path.read_text("utf-8"), lock.LOCKS[path]())) == []


def test_an_image_builds_psycopg2_of_the_version_that_desktops_have() -> None:
    desktop = lock.pins((lock.BASE / "requirements.txt").read_text("utf-8"))
    image = lock.pins(lock.LOCK.read_text("utf-8"))
    assert image["psycopg2"] == desktop["psycopg2-binary"]
    assert "psycopg2-binary" not in image


def test_another_requirement_makes_the_lock_old() -> None:
    text = lock.LOCK.read_text("utf-8")
    changed = lock.wanted().replace("django==5.2.19", "django==5.2.20")
    assert any("django is 5.2.19, 5.2.20 is required" in sentence for sentence in lock.drift(text, changed))
    assert any("is missing" in sentence for sentence in lock.drift(text, lock.wanted() + "rich==15.0.0\n"))


def test_a_file_without_a_hash_is_noticed() -> None:
    requirements = "a==1\n"
    text = f"{lock.MARK}{lock.digest(requirements)}\na==1 \\\n    --hash=sha256:00\nb==2\n"
    assert list(lock.drift(text, requirements)) == ["b==2 has no hash: make lock"]
