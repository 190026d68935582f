"""A user is deleted: what is gone, what stays, and what can come after it."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from eventsourcing import rebuild, replay, state, store
from eventsourcing.models import IdempotentAnswer, Personal, StoredEvent
from eventsourcing.store import VersionConflict
from service import clock
from service.problems import Problem
from tests.integration.eventsourcing.slow import overlapping
from tests.support.tables import dump, execute
from tests.support.threads import in_threads
from users import commands, user
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("Zuleika", "Dobson")
TEXTS = ("events", "personal", "outbox", "users", "idempotency")


def found(name: str) -> list[str]:
    """The tables that hold this text anywhere, also in bytes."""
    hexed = name.encode().hex()
    return [table for table in TEXTS if name in dump(table) or hexed in dump(table)]


def send(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    data = b"" if body is None else json.dumps(body)
    return client.generic(method, path, data, content_type="application/json", headers=headers)


@pytest.fixture
def somebody(client: Client) -> int:
    """Created and renamed under keys, so that answers of theirs are kept; somebody else is there, too."""
    names = dict(zip(("firstName", "lastName"), NAMES, strict=True))
    send(client, "POST", "/v1/users", {"firstName": "Ada", "lastName": "Lovelace"}, **{"Idempotency-Key": "other"})
    made = send(client, "POST", "/v1/users", names, **{"Idempotency-Key": "made"})
    user_id = int(json.loads(made.content)["id"])
    send(client, "PUT", f"/v1/users/{user_id}", names, **{"Idempotency-Key": "renamed"})
    assert found(NAMES[0]) == ["personal", "users", "idempotency"]
    return user_id


def test_names_are_gone_from_every_table_in_the_commands_own_transaction(client: Client, somebody: int) -> None:
    assert send(client, "DELETE", f"/v1/users/{somebody}").status_code == 204
    assert [found(name) for name in NAMES] == [[], []]
    events = StoredEvent.objects.filter(stream=user.stream_of(somebody)).order_by("version")
    assert [event.type for event in events] == ["USER_CREATED", "USER_UPDATED", "USER_DELETED"]
    assert set(events[2].data) == {"id", "createdAt", "lastModified"}
    assert found("Ada") == ["personal", "users", "idempotency"]


def test_a_deletion_that_fails_erases_nothing(somebody: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(stream: str) -> None:
        raise RuntimeError("a crash before the commit")

    monkeypatch.setattr("eventsourcing.idempotency.forget", fail)
    before = [dump(table) for table in TEXTS]
    with pytest.raises(RuntimeError):
        commands.delete_user(somebody)
    assert [dump(table) for table in TEXTS] == before


def test_an_erased_user_is_nobody_and_was_nobody_at_any_moment(client: Client, somebody: int) -> None:
    moment = clock.iso(User.objects.get(pk=somebody).created_at)
    assert client.get(f"/v1/users/{somebody}?asOf={moment}").status_code == 200
    send(client, "DELETE", f"/v1/users/{somebody}")
    path = f"/v1/users/{somebody}"
    assert client.get(path).status_code == 404
    assert client.get(f"{path}?asOf={moment}").status_code == 404
    assert client.get(f"{path}?asOf=2100-01-01T00:00:00Z").status_code == 404
    assert send(client, "PUT", path, {"firstName": "A", "lastName": "B"}).status_code == 404
    assert send(client, "DELETE", path).status_code == 404
    assert somebody not in [one["id"] for one in json.loads(client.get("/v1/users").content)]
    assert StoredEvent.objects.filter(stream=user.stream_of(somebody)).count() == 3


def test_the_history_tells_what_happened_without_names_and_that_it_was_erased(client: Client, somebody: int) -> None:
    send(client, "DELETE", f"/v1/users/{somebody}")
    answer = client.get(f"/v1/users/{somebody}/history")
    assert NAMES[0].encode() not in answer.content
    entries = json.loads(answer.content)
    assert [entry["eventType"] for entry in entries] == ["USER_CREATED", "USER_UPDATED", "USER_DELETED"]
    assert [entry["erased"] for entry in entries] == [["firstName", "lastName"]] * 2 + [[]]


def test_a_deletion_keeps_to_key_and_precondition_as_every_command(client: Client, somebody: int) -> None:
    path = f"/v1/users/{somebody}"
    late = send(client, "DELETE", path, **{"If-Match": '"1"', "Idempotency-Key": "bye"})
    assert (late.status_code, late["ETag"]) == (412, '"2"')
    for _ in range(2):
        gone = send(client, "DELETE", path, **{"If-Match": '"2"', "Idempotency-Key": "bye"})
        assert (gone.status_code, gone.content) == (204, b"")
        assert "Content-Type" not in gone
    assert send(client, "DELETE", "/v1/users/4711").status_code == 404
    assert send(client, "DELETE", "/v1/users/x").status_code == 400


def test_a_key_of_what_is_erased_does_not_do_it_again(client: Client, somebody: int) -> None:
    """Somebody whose answer was lost asks again after the deletion: no second user comes of it, and no name."""
    send(client, "DELETE", f"/v1/users/{somebody}")
    names = dict(zip(("firstName", "lastName"), NAMES, strict=True))
    again = send(client, "POST", "/v1/users", names, **{"Idempotency-Key": "made"})
    assert again.status_code == 410
    assert again["Content-Type"] == "application/problem+json"
    assert User.objects.count() == 1
    assert bytes(IdempotentAnswer.objects.get(key="made").fingerprint) == b""
    assert send(client, "POST", "/v1/users", names, **{"Idempotency-Key": "other"}).status_code == 422


def test_nothing_follows_a_deletion_whatever_the_state_says(somebody: int) -> None:
    stream = user.stream_of(somebody)
    commands.delete_user(somebody)
    revived = user.create(somebody, first_name="Rose", last_name="Again", at=clock.now())[1]
    with pytest.raises(VersionConflict, match="has ended"):
        store.append(stream, expected_version=3, events=[revived])
    execute("INSERT INTO users VALUES (%s, 'Rose', 'Again', now(), now(), 3)", somebody)
    with pytest.raises(Problem) as caught:
        commands.update_user(somebody, first_name="Rose", last_name="Again")
    assert caught.value.status == 409
    assert StoredEvent.objects.filter(stream=stream).count() == 3


def test_of_updates_and_deletions_at_once_one_wins_and_the_stream_stays_right(somebody: int) -> None:
    def work(index: int) -> object:
        if index % 2:
            return commands.update_user(somebody, first_name=f"Late {index}", last_name="Name").version
        commands.delete_user(somebody)
        return "deleted"

    answers = in_threads(8, work)
    assert answers.count("deleted") == 1
    events = list(StoredEvent.objects.filter(stream=user.stream_of(somebody)).order_by("version"))
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events].index("USER_DELETED") == len(events) - 1
    assert not Personal.objects.filter(event_id__in=[event.event_id for event in events]).exists()
    assert not User.objects.filter(pk=somebody).exists()
    assert found("Late") == []


def test_verify_and_rebuild_know_that_an_erased_stream_makes_no_row(somebody: int) -> None:
    commands.delete_user(somebody)
    before = dump("users")
    (table,) = state.all_tables()
    assert list(rebuild.verify(table)) == []
    execute("INSERT INTO users VALUES (%s, 'Rose', 'Again', now(), now(), 2)", somebody)
    (difference,) = rebuild.verify(table)
    assert str(difference) == f"user-{somebody}: a row, but no events that make one"
    rebuild.repair(table, [difference])
    assert dump("users") == before
    execute("INSERT INTO users VALUES (%s, 'Rose', 'Again', now(), now(), 2)", somebody)
    call_command("rebuild")
    assert dump("users") == before
    execute("DELETE FROM users")
    call_command("rebuild")
    assert dump("users") == before


@pytest.mark.parametrize("name", ["rebuild", "repair"])
def test_a_rebuild_at_the_same_time_does_not_bring_anybody_back(somebody: int, name: str) -> None:
    """The deletion has happened but for its commit; a rebuild that saw the names must not write them after it."""
    (table,) = state.all_tables()
    stream = user.stream_of(somebody)

    def work() -> None:
        if name == "rebuild":
            rebuild.rebuild(table)
        else:
            rebuild.repair(table, [rebuild.Difference(stream=stream, expected={}, actual={})])

    assert overlapping(lambda: commands.delete_user(somebody), work) is None
    assert not User.objects.filter(pk=somebody).exists()
    assert found(NAMES[0]) == []


def test_a_deletion_while_a_repair_replaces_the_row_deletes_the_new_one(somebody: int) -> None:
    """The repair was first: the row that the deletion has read is gone when the repair commits, another is there."""
    (table,) = state.all_tables()
    difference = rebuild.Difference(stream=user.stream_of(somebody), expected={}, actual={})
    assert overlapping(lambda: rebuild.repair(table, [difference]), lambda: commands.delete_user(somebody)) is None
    assert not User.objects.filter(pk=somebody).exists()
    assert found(NAMES[0]) == []


def test_what_is_replayed_of_an_erased_user_has_no_names(somebody: int) -> None:
    commands.delete_user(somebody)
    execute("UPDATE outbox SET sequence = position")
    (events,) = replay.batches(replay.Selection(stream=user.stream_of(somebody)))
    assert [event.erased for event in events] == [("firstName", "lastName")] * 2 + [()]
    assert not any({"firstName", "lastName"} & set(event.subject) for event in events)


def test_the_admin_shows_the_events_of_somebody_erased_without_names_and_says_so(
    admin_client: Client, somebody: int
) -> None:
    created = StoredEvent.objects.get(stream=user.stream_of(somebody), version=1)
    page = f"/admin/eventsourcing/storedevent/{created.pk}/change/"
    assert NAMES[0] in admin_client.get(page).content.decode()
    commands.delete_user(somebody)
    shown = admin_client.get(page).content.decode()
    assert NAMES[0] not in shown
    assert shown.count("(erased)") == 2
