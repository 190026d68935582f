"""Waiting for migrations that another process carries out."""

import io
import os
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from desktop.bootstrap import BASE


@pytest.mark.django_db
def test_a_database_with_all_migrations_is_waited_for_no_longer() -> None:
    call_command("await_migrations", seconds=0)


def _newest() -> str:
    """The last migration of the service's own app."""
    (name,) = [name for app, name in MigrationLoader(connection).graph.leaf_nodes() if app == "users"]
    return str(name)


@pytest.mark.django_db
def test_a_missing_migration_is_waited_for_and_told() -> None:
    MigrationRecorder(connection).record_unapplied("users", _newest())
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("await_migrations", seconds=0, stderr=said)
    assert f"1 migrations are missing, the first is users.{_newest()}" in said.getvalue()


@pytest.mark.django_db
def test_it_goes_on_when_the_migration_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder, newest = MigrationRecorder(connection), _newest()
    recorder.record_unapplied("users", newest)
    monkeypatch.setattr("time.sleep", lambda _: recorder.record_applied("users", newest))
    call_command("await_migrations", seconds=60)


def test_a_database_that_does_not_answer_is_told() -> None:
    own = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing", "DJANGO_SETTINGS_MODULE": "users.settings"}
    command = [sys.executable, "manage.py", "users", "await_migrations", "--seconds", "0"]
    answer = subprocess.run(command, cwd=BASE, env=os.environ | own, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "The database does not answer" in answer.stderr
