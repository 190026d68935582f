"""Consistency tokens, conditional reads and pages of a history, over HTTP."""

import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from eventsourcing import consistency, store
from eventsourcing.consistency import MOST_MEMBERS, Source, Token
from eventsourcing.models import StoredEvent
from tests.support.tables import execute
from users import commands, user
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
ADA = {"firstName": "Ada", "lastName": "Lovelace"}
ELSEWHERE = '"friendship-1-2";service=friends;version=4'


def create(client: Client, **headers: str) -> Any:
    return client.post("/v1/users", json.dumps(ADA), content_type="application/json", headers=headers)


def rename(client: Client, user_id: int, **headers: str) -> Any:
    body = json.dumps(ADA | {"lastName": "King"})
    return client.put(f"/v1/users/{user_id}", body, content_type="application/json", headers=headers)


def token(answer: Any) -> dict[Any, int]:
    """What an answer's token says."""
    return {**consistency.parse(answer.headers.get("Consistency-Token", "")).versions}


def test_a_command_and_a_read_of_one_tell_the_version(client: Client) -> None:
    created = create(client)
    user_id = created.json()["id"]
    source = ("users", f"user-{user_id}")
    assert token(created) == {source: 1}
    assert token(rename(client, user_id)) == {source: 2}
    assert token(client.get(f"/v1/users/{user_id}")) == {source: 2}


def test_what_the_client_had_seen_is_in_the_answer_too(client: Client) -> None:
    user_id = create(client).json()["id"]
    own, other = ("users", f"user-{user_id}"), ("friends", "friendship-1-2")
    ahead = f'{ELSEWHERE}, "user-{user_id}";service=users;version=9'
    for sent, version in ((ELSEWHERE, 2), (ahead, 9)):
        assert token(rename(client, user_id, **{"Consistency-Token": sent}))[own] >= version
    read = client.get(f"/v1/users/{user_id}", headers={"Consistency-Token": ahead})
    assert token(read) == {own: 9, other: 4}


def test_a_command_asked_for_again_tells_its_own_versions_and_what_is_sent_then(client: Client) -> None:
    first = create(client, **{"Idempotency-Key": "k", "Consistency-Token": '"user-7";service=users;version=7'})
    again = create(client, **{"Idempotency-Key": "k", "Consistency-Token": ELSEWHERE})
    own = ("users", f"user-{first.json()['id']}")
    assert first.content == again.content
    assert token(first) == {own: 1, ("users", "user-7"): 7}
    assert token(again) == {own: 1, ("friends", "friendship-1-2"): 4}


@pytest.mark.parametrize("text", ["nonsense", '"user-1"', '"x";service=users;version=0', "x" * 5000])
def test_a_token_that_is_none_is_refused_and_nothing_done(client: Client, text: str) -> None:
    for key in ({}, {"Idempotency-Key": "k"}):
        answer = create(client, **{"Consistency-Token": text}, **key)
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert "Consistency-Token" in answer.json()["detail"]
    assert not StoredEvent.objects.exists()
    user_id = create(client, **{"Idempotency-Key": "k"}).json()["id"]
    assert client.get(f"/v1/users/{user_id}", headers={"Consistency-Token": text}).status_code == 400


def test_a_token_that_becomes_too_large_is_not_cut_in_silence(client: Client) -> None:
    full = Token({Source("users", f"user-{number}"): 1 for number in range(9_000, 9_000 + MOST_MEMBERS)})
    answer = create(client, **{"Consistency-Token": full.render()})
    assert answer.status_code == 201
    assert token(answer) == {("users", f"user-{answer.json()['id']}"): 1}
    assert answer["Consistency-Token-Omitted"] == str(MOST_MEMBERS)
    fitting = {"Consistency-Token": ELSEWHERE}
    assert "Consistency-Token-Omitted" not in rename(client, answer.json()["id"], **fitting).headers


def test_an_attempt_that_another_overtook_leaves_no_trace_in_the_token(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt appends to a stream that it then gives up with its transaction."""
    user_id, honest = create(client).json()["id"], user.update
    attempts = 0

    def update(*arguments: Any, **named: Any) -> Any:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            _, event = honest(*arguments, **named)
            store.append("user-4711", expected_version=0, events=[event])
            raise store.VersionConflict
        return honest(*arguments, **named)

    monkeypatch.setattr(user, "update", update)
    assert token(rename(client, user_id)) == {("users", f"user-{user_id}"): 2}
    assert attempts == 2


def test_tokens_of_requests_at_once_are_each_their_own() -> None:
    found: list[tuple[Any, int]] = []

    def run() -> None:
        try:
            answer = create(Client())
            found.append((token(answer), answer.json()["id"]))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == 8
    assert all(versions == {("users", f"user-{user_id}"): 1} for versions, user_id in found)


def test_lists_and_records_that_the_client_has_are_304(client: Client) -> None:
    user_id = create(client).json()["id"]
    for path in ("/v1/users", "/v1/users?name=ada", f"/v1/users/{user_id}", f"/v1/users/{user_id}/history"):
        tag = client.get(path)["ETag"]
        unchanged = client.get(path, headers={"If-None-Match": tag})
        assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", tag), path
    rename(client, user_id)
    for path in ("/v1/users", f"/v1/users/{user_id}", f"/v1/users/{user_id}/history"):
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 200, path


def test_a_304_carries_the_token_too(client: Client) -> None:
    created = create(client)
    headers = {"If-None-Match": created["ETag"], "Consistency-Token": ELSEWHERE}
    answer = client.get(f"/v1/users/{created.json()['id']}", headers=headers)
    assert answer.status_code == 304
    assert len(token(answer)) == 2


def test_no_write_depends_on_a_hash_of_content(client: Client) -> None:
    user_id = create(client).json()["id"]
    tag = client.get("/v1/users")["ETag"]
    for sent in (tag, tag.removeprefix("W/"), 'W/"1"', f'"{"9" * 5000}"'):
        assert rename(client, user_id, **{"If-Match": sent}).status_code == 412, sent
    assert User.objects.get().version == 1


@pytest.fixture
def long(client: Client) -> int:
    """A user in seven versions."""
    user_id: int = create(client).json()["id"]
    for number in range(2, 8):
        commands.update_user(user_id, first_name="Ada", last_name=f"Version{number}")
    return user_id


def test_a_history_comes_in_pages(client: Client, long: int) -> None:
    path, seen = f"/v1/users/{long}/history?limit=3", []
    while path:
        answer = client.get(path)
        seen.append([event["version"] for event in answer.json()])
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        path = f"/v1/users/{long}/history{link[1 : link.index('>')]}" if link else ""
    assert seen == [[1, 2, 3], [4, 5, 6], [7]]
    assert client.get(f"/v1/users/{long}/history?after=7").json() == []
    assert client.get("/v1/users/4711/history?after=7").status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=x", "after=", f"after={2**63}"])
def test_a_page_that_is_none_is_refused(client: Client, long: int, query: str) -> None:
    assert client.get(f"/v1/users/{long}/history?{query}").status_code == 400


def test_what_was_is_read_from_one_event(long: int) -> None:
    execute("ANALYZE events")
    moment = store.load(f"user-{long}")[3].occurred_at
    found = store.last(f"user-{long}", until=moment)
    assert found is not None
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {store.LAST}", {"stream": f"user-{long}", "until": moment})
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "Index Scan Backward using events_stream_version" in plan
    assert "Sort" not in plan
