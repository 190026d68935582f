"""What was: a friendship as of a moment, and how it came about."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from friends import commands, friendship
from friends.friendship import Friendship
from service import clock
from tests.integration.friends.test_commands import known

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> list[Friendship]:
    """A friendship that began, ended and began again, an hour apart."""
    known(1, 2)
    moments = iter([clock.now() + timedelta(hours=hours) for hours in (0, 1, 2)])
    monkeypatch.setattr(clock, "now", lambda: next(moments))
    found = [commands.add_friend(1, 2), commands.remove_friend(1, 2), commands.add_friend(2, 1)]
    monkeypatch.undo()
    return found


def get(client: Client, path: str) -> tuple[int, Any]:
    answer = client.get(path)
    return answer.status_code, json.loads(answer.content)


def test_each_moment_shows_the_friendship_that_was(client: Client, versions: list[Friendship]) -> None:
    begun, ended, again = versions
    for version in (begun, again):
        path = f"/v1/friends/{version.id}?asOf={clock.iso(version.updated_at + timedelta(minutes=59))}"
        assert get(client, path) == (200, friendship.record(version))
    assert get(client, f"/v1/friends/{ended.id}?asOf={clock.iso(ended.updated_at)}")[0] == 404
    before = clock.iso(begun.created_at - timedelta(milliseconds=1))
    assert get(client, f"/v1/friends/{begun.id}?asOf={before}")[0] == 404


def test_the_history_goes_through_its_end(client: Client, versions: list[Friendship]) -> None:
    status, entries = get(client, f"/v1/friends/{versions[0].id}/history")
    assert status == 200
    assert [entry["eventType"] for entry in entries] == ["FRIEND_ADDED", "FRIEND_REMOVED", "FRIEND_ADDED"]
    assert [entry["subject"]["userId"] for entry in entries] == [1, 1, 2]
    assert get(client, "/v1/friends/4711/history")[0] == 404
