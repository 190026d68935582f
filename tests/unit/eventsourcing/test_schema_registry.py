"""Event types, their schemas and their versions."""

from typing import Any

import pytest

from eventsourcing import schema_registry
from eventsourcing.schema_registry import EventType, SchemaViolation, UnknownEventType

AT = "2026-11-24T19:25:29.363+00:00"
USER: dict[str, Any] = {"id": 1, "firstName": "Ada", "lastName": "Lovelace", "createdAt": AT, "lastModified": AT}


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_registry, "_types", {})


def named(version: int, upcast: Any = None) -> EventType:
    """A type whose second version has one name where the first had two."""
    required = ["firstName", "lastName"] if version == 1 else ["name"]
    schema = {"type": "object", "required": required}
    return EventType(type="NAMED", version=version, topic="t", schema=schema, upcast=upcast)


def join_names(subject: dict[str, Any]) -> dict[str, Any]:
    return {"name": f"{subject['firstName']} {subject['lastName']}"}


@pytest.mark.usefixtures("types")
def test_an_old_version_is_checked_as_what_it_is_and_then_upcast() -> None:
    schema_registry.register(named(1, join_names), named(2))
    assert schema_registry.read("NAMED", 1, {"firstName": "Ada", "lastName": "Lovelace"}) == (
        2,
        {"name": "Ada Lovelace"},
    )
    assert schema_registry.newest("NAMED").version == 2
    with pytest.raises(SchemaViolation, match="NAMED v1"):
        schema_registry.read("NAMED", 1, {"firstName": "Ada"})


@pytest.mark.usefixtures("types")
def test_an_upcaster_whose_outcome_is_wrong_is_found_out() -> None:
    schema_registry.register(named(1, lambda subject: subject), named(2))
    with pytest.raises(SchemaViolation, match="NAMED v2"):
        schema_registry.read("NAMED", 1, {"firstName": "Ada", "lastName": "Lovelace"})


@pytest.mark.usefixtures("types")
def test_what_nobody_registered_is_unknown() -> None:
    with pytest.raises(UnknownEventType, match="NAMED v1"):
        schema_registry.find("NAMED", 1)
    with pytest.raises(UnknownEventType):
        schema_registry.newest("NAMED")


def test_the_published_schemas_say_topic_and_personal_members() -> None:
    (created,) = schema_registry.load_published("USER_CREATED")
    assert created.topic == "user"
    assert created.personal == ("firstName", "lastName")
    created.check(USER)


@pytest.mark.parametrize(
    "change",
    [
        {"id": 0},
        {"id": "1"},
        {"firstName": ""},
        {"lastName": "x" * 256},
        {"createdAt": "2026-11-24"},
        {"createdAt": None},
    ],
)
def test_a_subject_that_breaks_its_schema_is_refused(change: dict[str, Any]) -> None:
    (created,) = schema_registry.load_published("USER_CREATED")
    with pytest.raises(SchemaViolation, match="USER_CREATED v1"):
        created.check(USER | change)


def test_more_members_than_the_schema_has_are_fine() -> None:
    (created,) = schema_registry.load_published("USER_CREATED")
    created.check(USER | {"nickname": "Countess"})


def test_a_subject_that_lost_its_personal_members_is_checked_but_for_them() -> None:
    (created,) = schema_registry.load_published("USER_CREATED")
    rest = {name: value for name, value in USER.items() if name not in created.personal}
    created.check(rest, erased=True)
    assert created.lacking(rest) == created.personal
    assert created.lacking(USER) == ()
    for subject in (rest, rest | {"id": 0}):
        with pytest.raises(SchemaViolation):
            created.check(subject, erased="id" in subject and subject["id"] == 0)


@pytest.mark.usefixtures("types")
def test_an_erased_event_is_not_upcast_for_what_the_upcaster_needs_is_gone() -> None:
    schema = {"type": "object", "required": ["firstName", "lastName"]}
    personal = ("firstName", "lastName")
    old = EventType(type="NAMED", topic="t", schema=schema, personal=personal, upcast=join_names)
    schema_registry.register(old, named(2))
    assert schema_registry.read("NAMED", 1, {"id": 7}, erased=True) == (1, {"id": 7})


@pytest.mark.usefixtures("types")
def test_which_types_erase_and_what_is_plain_is_what_the_schemas_say() -> None:
    schema_registry.register(*schema_registry.load_published("USER_CREATED", "USER_DELETED"))
    assert schema_registry.erasures() == {"USER_DELETED"}
    assert schema_registry.plain("USER_CREATED", 1) == {"id", "createdAt", "lastModified"}
    assert schema_registry.plain("USER_ABDUCTED", 1) == {"id", "createdAt", "lastModified"}
