"""docs/how-to/add-a-service.md builds a service that works, in fewer than 50 lines."""

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest

from tests.integration.eventsourcing.conftest import published

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "how-to" / "add-a-service.md"


def files() -> dict[str, str]:
    """The page's Python blocks by the path in their first line."""
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return dict(blocks)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The service in a folder of its own, with a database and topics of its own; the environment to run it in."""
    for name, text in files().items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "notes" / "__init__.py").touch()
    name = f"notes_{uuid.uuid4().hex[:12]}"
    server = urlsplit(os.environ["DATABASE_URL"])
    with_database(f'CREATE DATABASE "{name}"')
    yield os.environ | {
        "DATABASE_URL": urlunsplit(server._replace(path=f"/{name}")),
        "DJANGO_SETTINGS_MODULE": "notes.settings",
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "RUN_DIR": str(tmp_path),
        "TOPIC_PREFIX": f"{name}-",
    }
    with_database(f'DROP DATABASE "{name}" WITH (FORCE)')


def with_database(statement: str) -> None:
    """One statement on the server's own database."""
    session = psycopg2.connect(urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres")))
    session.autocommit = True
    with session.cursor() as cursor:
        cursor.execute(statement)
    session.close()


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], env=environment, cwd=environment["RUN_DIR"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


WRITE = """
import django; django.setup()
from notes.commands import write_note
print(write_note("first").id, write_note("second").id)
"""
RELAY_ONCE = """
import django; django.setup()
from contextlib import closing
from eventsourcing import direct, store
from eventsourcing.relay import Relay
from eventsourcing.shards import Shards
from service.runner import Heartbeat, Stopper
relay = Relay(stopper=Stopper(), heartbeat=Heartbeat("relay"))
with closing(direct.connect("relay")) as session:
    shards = Shards(session, owner="test", total=store.SHARDS)
    shards.maintain()
    while relay.step(session, shards):
        pass
relay.close()
"""
EMPTY = "import django; django.setup(); from notes.models import Note; Note.objects.all().delete()"


def test_the_page_needs_fewer_than_fifty_lines() -> None:
    lines = [line for text in files().values() for line in text.splitlines() if line.strip()]
    assert 20 < len(lines) < 50


def test_the_service_of_the_page_works(service: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("makemigrations notes", "migrate -v0", "topics"):
        run(service, "-m", "django", *command.split())
    assert run(service, "-c", WRITE).split() == ["1", "2"]
    run(service, "-c", RELAY_ONCE)
    monkeypatch.setenv("TOPIC_PREFIX", service["TOPIC_PREFIX"])
    messages = published(f"{service['TOPIC_PREFIX']}note")
    assert sorted(message["subject"]["text"] for message in messages) == ["first", "second"]
    assert {tuple(message["personal"]) for message in messages} == {("text",)}
    run(service, "-c", EMPTY)
    run(service, "-m", "django", "rebuild")
    assert "agree" in run(service, "-m", "django", "verify")
