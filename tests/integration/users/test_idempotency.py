"""Idempotency keys and entity tags, over HTTP, on real PostgreSQL."""

import json
import threading
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from eventsourcing import idempotency
from eventsourcing.models import IdempotentAnswer, StoredEvent
from tests.integration.eventsourcing.slow import SlowTransaction
from tests.support.tables import execute
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
ADA = {"firstName": "Ada", "lastName": "Lovelace"}


def post(client: Client, body: dict[str, Any] = ADA, key: str | None = "k-1") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/v1/users", json.dumps(body), content_type="application/json", headers=headers)


def put(client: Client, user_id: int, last: str, **headers: str) -> Any:
    body = json.dumps(ADA | {"lastName": last})
    return client.put(f"/v1/users/{user_id}", body, content_type="application/json", headers=headers)


def test_a_command_asked_for_again_happened_once_and_is_answered_alike(client: Client) -> None:
    first, again = post(client), post(client)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first["ETag"] == again["ETag"] == '"1"'
    assert first["Content-Type"] == again["Content-Type"] == "application/json"
    assert User.objects.count() == StoredEvent.objects.count() == 1


def test_without_a_key_or_with_another_it_happens_again(client: Client) -> None:
    for key in ("k-1", "k-2", None, None):
        assert post(client, key=key).status_code == 201
    assert User.objects.count() == 4


def test_a_key_for_another_body_is_refused(client: Client) -> None:
    post(client)
    refused = post(client, {"firstName": "Grace", "lastName": "Hopper"})
    assert refused.status_code == 422
    assert refused["Content-Type"] == "application/problem+json"
    assert User.objects.count() == 1


def test_what_a_write_depended_on_belongs_to_its_key(client: Client) -> None:
    """The same names under another `If-Match` are another command."""
    user_id = json.loads(post(client).content)["id"]
    first = put(client, user_id, "King", **{"Idempotency-Key": "k", "If-Match": '"1"'})
    again = put(client, user_id, "King", **{"Idempotency-Key": "k", "If-Match": '"1"'})
    assert (first.status_code, again.status_code, first.content) == (200, 200, again.content)
    for others in ({"If-Match": '"2"'}, {}):
        assert put(client, user_id, "King", **{"Idempotency-Key": "k", **others}).status_code == 422
    assert StoredEvent.objects.count() == 2


def test_a_key_belongs_to_its_path(client: Client) -> None:
    one = json.loads(post(client, key="a").content)["id"]
    two = json.loads(post(client, key="b").content)["id"]
    for user_id in (one, two):
        assert put(client, user_id, "King", **{"Idempotency-Key": "same"}).status_code == 200
    assert StoredEvent.objects.count() == 4


def test_failures_are_not_kept(client: Client) -> None:
    assert put(client, 4711, "King", **{"Idempotency-Key": "k"}).status_code == 404
    execute("SELECT setval('user_id', 4710)")
    post(client, key="other")
    assert put(client, 4711, "King", **{"Idempotency-Key": "k"}).status_code == 200


def test_an_answer_is_kept_for_a_day(client: Client) -> None:
    post(client)
    execute("UPDATE idempotency SET created_at = created_at - interval '25 hours'")
    assert post(client).status_code == 201
    assert User.objects.count() == 2
    execute("UPDATE idempotency SET created_at = created_at - interval '25 hours'")
    execute(idempotency.EXPIRE)
    assert not IdempotentAnswer.objects.exists()


def _none(outcome: object) -> idempotency.Answer:
    raise AssertionError("it never gets as far as an answer")


def test_the_same_command_under_way_is_a_conflict_of_its_own_kind(client: Client) -> None:
    """The first holds its key while it runs; the second is told to ask again, later gets the first's answer."""
    scope = idempotency.Scope(
        principal="anonymous", method="POST", path="/v1/users", key="k-1", fingerprint=b"", answer=_none
    )
    with SlowTransaction(scope.begin) as slow:
        slow.proceed()
        refused = post(client)
        assert refused.status_code == 409
        assert json.loads(refused.content)["type"] == idempotency.IN_PROGRESS
        assert refused["Retry-After"] == "1"
    assert post(client).status_code == 201


def test_concurrent_equal_commands_make_one_event() -> None:
    barrier = threading.Barrier(8)
    answers: list[int] = []

    def run() -> None:
        client = Client()
        barrier.wait()
        try:
            answer = post(client)
            while answer.status_code == 409:
                answer = post(client)
            answers.append(json.loads(answer.content)["id"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(answers) == 8
    assert len(set(answers)) == 1
    assert StoredEvent.objects.count() == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ä"])
def test_a_key_that_is_none_is_refused(client: Client, key: str) -> None:
    answer = client.post(
        "/v1/users", json.dumps(ADA), content_type="application/json", headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 400
    assert not User.objects.exists()


def test_the_entity_tag_is_the_version_and_a_write_may_depend_on_it(client: Client) -> None:
    user_id = json.loads(post(client).content)["id"]
    assert client.get(f"/v1/users/{user_id}")["ETag"] == '"1"'
    assert put(client, user_id, "King", **{"If-Match": '"1"'})["ETag"] == '"2"'
    late = put(client, user_id, "Byron", **{"If-Match": '"1"'})
    assert (late.status_code, late["ETag"]) == (412, '"2"')
    assert put(client, user_id, "Byron", **{"If-Match": '"1", "2"'}).status_code == 200
    assert put(client, user_id, "Byron", **{"If-Match": "*"}).status_code == 200
    for tag in ('W/"4"', "4", '"x"', ""):
        assert put(client, user_id, "Byron", **{"If-Match": tag}).status_code == 412
    assert StoredEvent.objects.count() == 4
