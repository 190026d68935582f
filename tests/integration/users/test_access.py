"""Who may do what to whom, decided in the service itself, on real PostgreSQL."""

import json
from typing import Any

import pytest
from django.test import Client

from eventsourcing.models import IdempotentAnswer, StoredEvent
from service.identity.signature import HEADER, Identity
from tests.support.identity import ADMIN, KEY, As, user
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
ADA = json.dumps({"firstName": "Ada", "lastName": "Lovelace"})
SERVICE = Identity(actor="service:friends", scopes=frozenset({"service"}))


@pytest.fixture(autouse=True)
def _signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_KEYS", KEY)


def body(content: str = ADA, **headers: str) -> dict[str, Any]:
    """A command's."""
    return {"data": content, "content_type": "application/json", "headers": headers}


@pytest.fixture
def ada() -> int:
    """A user's id."""
    answer = As(ADMIN)("POST", "/v1/users", **body())
    assert answer.status_code == 201
    return int(answer.json()["id"])


def commands(number: int) -> list[tuple[str, str, dict[str, Any]]]:
    """What belongs to a user."""
    path = f"/v1/users/{number}"
    return [("PUT", path, body()), ("GET", f"{path}/history", {}), ("DELETE", path, {})]


def test_somebody_elses_commands_are_refused_and_change_nothing(ada: int) -> None:
    for who in (user(ada + 1), user(ada + 1, "read"), SERVICE, Identity(scopes=frozenset())):
        for method, path, named in commands(ada):
            answer = As(who)(method, path, **named)
            assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
            assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    assert StoredEvent.objects.count() == User.objects.count() == 1


@pytest.mark.parametrize("admin", [False, True])
def test_ones_own_commands_and_an_admins_are_carried_out(ada: int, *, admin: bool) -> None:
    who = ADMIN if admin else user(ada)
    assert [As(who)(*call[:2], **call[2]).status_code for call in commands(ada)] == [200, 200, 204]
    assert {event.metadata["actor"] for event in StoredEvent.objects.filter(version__gt=1)} == {who.actor}


@pytest.mark.parametrize(("who", "status"), [(user(1), 403), (SERVICE, 403), (ADMIN, 201)])
def test_users_are_created_by_an_admin(who: Identity, status: int) -> None:
    assert As(who)("POST", "/v1/users", **body()).status_code == status
    assert User.objects.count() == (status == 201)


@pytest.mark.parametrize(("who", "status"), [(user(1), 403), (SERVICE, 403), (ADMIN, 200)])
def test_the_feed_is_for_an_admin(who: Identity, status: int) -> None:
    assert As(who)("GET", "/v1/events").status_code == status


def test_everybody_with_a_token_reads_and_so_does_another_service(ada: int) -> None:
    for who in (user(ada + 1), SERVICE):
        assert As(who)("GET", f"/v1/users/{ada}").status_code == 200
        assert As(who)("GET", "/v1/users").status_code == 200


def test_called_directly_nothing_but_probes_is_answered(ada: int) -> None:
    for headers in ({}, {HEADER: "x"}, {"X-Forwarded-For": "127.0.0.1"}, {"Authorization": "Bearer x"}):
        for method, path, named in [*commands(ada), ("GET", f"/v1/users/{ada}", {}), ("GET", "/v1/users", {})]:
            answer = Client().generic(method, path, **{**named, "headers": headers})
            assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert As(ADMIN, key="another-key-0123456789-0123456789-0123")("GET", "/v1/users").status_code == 403
    assert Client().get("/actuator/health").status_code == 200
    assert User.objects.count() == StoredEvent.objects.count() == 1


def test_an_idempotency_key_is_its_clients_own(ada: int) -> None:
    """The same key of two clients stands for two commands: neither gets the other's answer."""
    path, key = f"/v1/users/{ada}", {"Idempotency-Key": "k"}
    first = As(ADMIN)("PUT", path, **body(**key))
    other = As(user(ada))("PUT", path, **body(json.dumps({"firstName": "A", "lastName": "King"}), **key))
    assert [answer.status_code for answer in (first, other)] == [200, 200]
    assert first.json()["lastName"] != other.json()["lastName"]
    again = As(user(ada))("PUT", path, **body(json.dumps({"firstName": "A", "lastName": "King"}), **key))
    assert again.content == other.content
    assert set(IdempotentAnswer.objects.values_list("principal", flat=True)) == {"user:ops", f"user:{ada}"}
