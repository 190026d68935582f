"""Events as messages."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsourcing import envelope, schema_registry
from eventsourcing.event import Event, Metadata, key_of
from service import context

AT = datetime(2026, 11, 24, 19, 25, 29, 363000, UTC)


def event(**changes: Any) -> Event:
    values: dict[str, Any] = {
        "position": 1,
        "event_id": context.new_id(),
        "stream": "user-42",
        "version": 2,
        "type": "USER_UPDATED",
        "schema_version": 1,
        "subject": {"id": 42, "firstName": "Ada"},
        "occurred_at": AT,
        "metadata": Metadata(correlation_id="r-1", traceparent=context.new_traceparent()),
        "personal": ("firstName",),
    }
    return Event(**(values | changes))


def test_the_reference_systems_members_are_there_with_their_types() -> None:
    body = json.loads(envelope.to_json(event()))
    assert 0 <= body["id"] < 2**31
    assert body["eventType"] == "USER_UPDATED"
    assert body["createdAt"] == body["lastModified"] == 1795548329363
    assert body["subject"] == {"id": 42, "firstName": "Ada"}
    assert "friendMessage" not in body


def test_a_friend_events_message_is_null() -> None:
    body = json.loads(envelope.to_json(event(type="FRIEND_ADDED", stream="friendship-3-4", personal=())))
    assert body["friendMessage"] is None


def test_what_is_written_is_read_again() -> None:
    written = event()
    read = envelope.from_json(envelope.to_json(written))
    assert read.event_id == written.event_id
    assert (read.stream, read.stream_version, read.key) == ("user-42", 2, "42")
    assert read.subject == written.subject
    assert read.personal == ("firstName",)
    assert read.metadata == written.metadata
    assert read.occurred_at == AT


def test_members_that_nobody_knows_yet_do_no_harm() -> None:
    body = json.loads(envelope.to_json(event())) | {"something": "new"}
    assert envelope.from_json(json.dumps(body).encode()).stream == "user-42"


REQUIRED = [
    "eventId",
    "eventType",
    "schemaVersion",
    "stream",
    "streamVersion",
    "occurredAt",
    "subject",
    "correlationId",
]


@pytest.mark.parametrize("member", REQUIRED)
@pytest.mark.parametrize("value", [None, [], "\0absent"])
def test_a_message_without_a_member_or_with_another_type_is_malformed(member: str, value: Any) -> None:
    body = json.loads(envelope.to_json(event()))
    body[member] = value
    if value == "\0absent":
        del body[member]
    with pytest.raises(envelope.Malformed):
        envelope.from_json(json.dumps(body).encode())


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b"7", b'"x"', b"\xff"])
def test_what_is_no_message_is_malformed(value: bytes | None) -> None:
    with pytest.raises(envelope.Malformed):
        envelope.from_json(value)


@pytest.mark.parametrize("change", [{"stream": "user"}, {"streamVersion": 0}, {"occurredAt": "2026-11-24T19:25:29"}])
def test_values_that_cannot_be_are_malformed(change: dict[str, Any]) -> None:
    body = json.loads(envelope.to_json(event())) | change
    with pytest.raises(envelope.Malformed):
        envelope.from_json(json.dumps(body).encode())


@given(st.uuids())
def test_the_derived_id_fits_into_a_signed_integer_of_32_bits(event_id: UUID) -> None:
    assert 0 <= envelope.derived_id(event_id) < 2**31


def test_the_key_is_what_stands_behind_the_category() -> None:
    assert key_of("user-42") == "42"
    assert key_of("friendship-3-4") == "3-4"


def test_headers_are_bytes() -> None:
    headers = dict(envelope.headers(event()))
    assert headers["event-type"] == b"USER_UPDATED"
    assert set(headers) == {"event-id", "event-type", "schema-version", "traceparent"}


def test_what_was_erased_is_null_on_the_wire_and_said_to_be_erased() -> None:
    sent = envelope.to_json(event(subject={"id": 42}, personal=(), erased=("firstName", "lastName")))
    body = json.loads(sent)
    assert body["subject"] == {"id": 42, "firstName": None, "lastName": None}
    assert body["erased"] == body["personal"] == ["firstName", "lastName"]
    read = envelope.from_json(sent)
    assert (read.subject, read.personal, read.erased) == ({"id": 42}, (), ("firstName", "lastName"))


def test_what_was_not_erased_says_nothing_about_it() -> None:
    assert "erased" not in json.loads(envelope.to_json(event()))


USER = {"id": 42, "firstName": "Zuleika", "lastName": "Dobson", "createdAt": "2026-11-24T19:25:29.363+00:00"}


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_registry, "_types", {})
    schema_registry.register(*schema_registry.load_published("USER_CREATED", "USER_UPDATED", "USER_DELETED"))


@pytest.mark.usefixtures("types")
@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("USER_UPDATED", USER),
        ("USER_UPDATED", {**USER, "nickname": "Zuleika", "friends": ["Zuleika"]}),
        ("USER_UPDATED", {**USER, "createdAt": "Zuleika's birthday"}),
        ("USER_ABDUCTED", {**USER, "by": "Zuleika"}),
        ("USER_DELETED", {"id": 42, "createdAt": USER["createdAt"]}),
    ],
)
def test_a_message_without_what_may_be_personal_is_still_that_event(kind: str, subject: dict[str, Any]) -> None:
    sent = event(type=kind, subject=subject, personal=())
    value = envelope.to_json(sent)
    body = json.dumps({**json.loads(value), "signed": "Zuleika"}).encode()
    rest = envelope.without_personal(body)
    assert b"Zuleika" not in rest
    assert b"Dobson" not in rest
    read = envelope.from_json(rest)
    assert (read.event_id, read.event_type, read.stream_version) == (sent.event_id, kind, 2)
    assert read.subject["id"] == 42
    assert envelope.without_personal(rest) == rest


@pytest.mark.parametrize("value", [b"", b"Zuleika", b"[1]", b'{"firstName": "Zuleika"}'])
def test_nothing_is_left_of_a_message_that_is_no_event(value: bytes) -> None:
    assert envelope.without_personal(value) == b""


@pytest.mark.parametrize(
    "change",
    [{"stream": {"name": "Zuleika"}}, {"subject": "Zuleika"}, {"occurredAt": "Zuleika"}, {"stream": "Zuleika"}],
)
def test_why_a_message_is_no_event_is_said_without_quoting_it(change: dict[str, Any]) -> None:
    body = json.loads(envelope.to_json(event())) | change
    with pytest.raises(envelope.Malformed) as caught:
        envelope.from_json(json.dumps(body).encode())
    assert "Zuleika" not in str(caught.value)
