"""What was: a user as of a moment, and how it came about."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from service import clock
from users import commands, user
from users.user import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> list[User]:
    """A user in three versions, an hour apart."""
    moments = iter([clock.now() + timedelta(hours=hours) for hours in (0, 1, 2)])
    monkeypatch.setattr(clock, "now", lambda: next(moments))
    found = [commands.create_user(first_name="Ada", last_name="Byron")]
    for name in ("King", "Lovelace"):
        found.append(commands.update_user(found[0].id, first_name="Ada", last_name=name))
    monkeypatch.undo()
    return found


def get(client: Client, path: str) -> tuple[int, Any]:
    answer = client.get(path)
    return answer.status_code, json.loads(answer.content)


def test_each_moment_shows_the_version_that_was(client: Client, versions: list[User]) -> None:
    for version in versions:
        for later in (timedelta(), timedelta(minutes=59)):
            moment = clock.iso(version.last_modified + later)
            assert get(client, f"/v1/users/{version.id}?asOf={moment}") == (200, user.record(version))


def test_before_its_beginning_there_was_no_user(client: Client, versions: list[User]) -> None:
    before = clock.iso(versions[0].created_at - timedelta(milliseconds=1))
    assert get(client, f"/v1/users/{versions[0].id}?asOf={before}")[0] == 404


def test_the_history_tells_every_version_in_order(client: Client, versions: list[User]) -> None:
    status, entries = get(client, f"/v1/users/{versions[0].id}/history")
    assert status == 200
    assert [entry["version"] for entry in entries] == [1, 2, 3]
    assert [entry["eventType"] for entry in entries] == ["USER_CREATED", "USER_UPDATED", "USER_UPDATED"]
    assert [entry["subject"] for entry in entries] == [user.record(version) for version in versions]


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1764000000", "99999-01-01T00:00:00Z"])
def test_what_is_no_time_is_refused(client: Client, text: str) -> None:
    status, body = get(client, f"/v1/users/1?asOf={text}")
    assert (status, body["errors"][0]["field"]) == (400, "asOf")


def test_nobody_has_no_history(client: Client) -> None:
    assert get(client, "/v1/users/4711/history")[0] == 404
    assert get(client, "/v1/users/x/history")[0] == 400
