"""Consistency tokens of the friends service: what a command has written, and whom it has read."""

from typing import Any

import pytest
from django.test import Client

from eventsourcing import consistency
from eventsourcing.models import StoredEvent
from friends.models import KnownUser
from tests.integration.friends.test_commands import UsersService
from tests.integration.friends.test_commands import users as users

pytestmark = pytest.mark.django_db(transaction=True)
ADD, REMOVE = ("/v1/users/{}/commands/" + name + "?friendId={}" for name in ("addFriend", "removeFriend"))
FRIENDSHIP = ("friends", "friendship-1-2")


def token(answer: Any) -> dict[Any, int]:
    """What an answer's token says."""
    return {**consistency.parse(answer.headers.get("Consistency-Token", "")).versions}


@pytest.fixture
def directory() -> None:
    for user_id, version in ((1, 3), (2, 7)):
        KnownUser.objects.create(user_id=user_id, version=version)


@pytest.mark.usefixtures("directory")
def test_adding_a_friend_has_read_both_users(client: Client) -> None:
    assert token(client.post(ADD.format(2, 1))) == {FRIENDSHIP: 1, ("users", "user-1"): 3, ("users", "user-2"): 7}


@pytest.mark.usefixtures("directory")
def test_the_friendship_alone_where_no_user_is_read(client: Client) -> None:
    added = client.post(ADD.format(1, 2))
    assert token(client.get(f"/v1/friends/{added.json()['id']}")) == {FRIENDSHIP: 1}
    assert token(client.post(REMOVE.format(1, 2))) == {FRIENDSHIP: 2}


@pytest.mark.parametrize(
    ("tag", "version"),
    [('"4"', 4), (None, 0), ('W/"4"', 0), ("4", 0), ('"four"', 0), ('"0"', 0), (f'"{"9" * 300}"', 0)],
)
def test_whoever_was_asked_for_is_known_at_the_version_of_the_answer(
    client: Client, users: UsersService, tag: str | None, version: int
) -> None:
    users.known, users.tag = {1, 2}, tag
    answer = client.post(ADD.format(1, 2))
    assert answer.status_code == 201
    read = {("users", "user-1"): version, ("users", "user-2"): version} if version else {}
    assert token(answer) == {FRIENDSHIP: 1} | read
    assert list(KnownUser.objects.values_list("version", flat=True)) == [version] * 2


@pytest.mark.usefixtures("directory")
def test_under_a_key_the_token_is_kept_with_the_answer(client: Client) -> None:
    headers = {"Idempotency-Key": "k"}
    first = client.post(ADD.format(1, 2), headers=headers)
    KnownUser.objects.update(version=9)
    again = client.post(ADD.format(1, 2), headers=headers)
    assert token(first) == token(again)
    assert len(token(first)) == 3


@pytest.mark.usefixtures("directory")
def test_a_token_that_is_none_is_refused_and_nothing_done(client: Client) -> None:
    for path in (ADD, REMOVE):
        answer = client.post(path.format(1, 2), headers={"Consistency-Token": "user-1"})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert not StoredEvent.objects.exists()


@pytest.mark.usefixtures("directory")
def test_lists_and_records_that_the_client_has_are_304(client: Client) -> None:
    record = client.post(ADD.format(1, 2)).json()
    paths = ("/v1/users/1/friends", f"/v1/friends/{record['id']}", f"/v1/friends/{record['id']}/history")
    tags = {path: client.get(path)["ETag"] for path in paths}
    for path, tag in tags.items():
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304, path
    client.post(REMOVE.format(1, 2))
    assert client.get(paths[0], headers={"If-None-Match": tags[paths[0]]}).json() == []
    assert len(client.get(paths[2], headers={"If-None-Match": tags[paths[2]]}).json()) == 2


@pytest.mark.usefixtures("directory")
def test_a_friendships_history_comes_in_pages(client: Client) -> None:
    number = client.post(ADD.format(1, 2)).json()["id"]
    for path in (REMOVE, ADD, REMOVE):
        client.post(path.format(1, 2))
    answer = client.get(f"/v1/friends/{number}/history?limit=3")
    assert [event["version"] for event in answer.json()] == [1, 2, 3]
    assert answer["Link"] == '<?limit=3&after=3>; rel="next"'
    last = client.get(f"/v1/friends/{number}/history?limit=3&after=3")
    assert [event["version"] for event in last.json()] == [4]
    assert "Link" not in last.headers
