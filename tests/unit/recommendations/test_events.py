"""What events say about the graph."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from eventsourcing.event import Event, Metadata
from eventsourcing.schema_registry import SchemaViolation, UnknownEventType
from recommendations.events import Contradiction, Gone, Person, Tie, change

TIME, LATER = "2026-11-24T19:25:29.363+00:00", "2026-11-24T19:26:00.000+00:00"
USER = {"id": 7, "firstName": "Ada", "lastName": "Lovelace", "createdAt": TIME, "lastModified": LATER}
FRIEND = {"id": 5, "userId": 9, "friendId": 4, "createdAt": TIME, "updatedAt": LATER}


def event(stream: str, kind: str, subject: dict[str, Any], *, version: int = 3, schema: int = 1) -> Event:
    """An event as the log gives it."""
    return Event(
        position=1,
        event_id=UUID(int=1),
        stream=stream,
        version=version,
        type=kind,
        schema_version=schema,
        subject=subject,
        occurred_at=datetime(2026, 11, 24, tzinfo=UTC),
        metadata=Metadata(correlation_id="test", traceparent="00-1-1-01"),
    )


@pytest.mark.parametrize("kind", ["USER_CREATED", "USER_UPDATED"])
def test_a_user(kind: str) -> None:
    found = change(event("user-7", kind, USER))
    assert found == Person(
        user_id=7, version=3, first_name="Ada", last_name="Lovelace", created_at=TIME, last_modified=LATER
    )


@pytest.mark.parametrize(("kind", "friends"), [("FRIEND_ADDED", True), ("FRIEND_REMOVED", False)])
def test_a_friendship_is_about_the_pair_low_to_high_and_knows_who_asked(kind: str, friends: bool) -> None:
    found = change(event("friendship-4-9", kind, FRIEND))
    assert found == Tie(low=4, high=9, version=3, friends=friends, id=5, user_id=9, created_at=TIME, updated_at=LATER)


NAMELESS = {name: value for name, value in USER.items() if not name.endswith("Name")}


@pytest.mark.parametrize(
    ("kind", "erased"), [("USER_DELETED", ()), ("USER_CREATED", ("firstName", "lastName")), ("USER_UPDATED", ("x",))]
)
def test_a_deleted_user_is_gone_and_so_is_one_of_whom_an_event_was_erased(kind: str, erased: tuple[str, ...]) -> None:
    told = replace(event("user-7", kind, NAMELESS), erased=erased)
    assert change(told) == Gone(user_id=7, version=3)


@pytest.mark.parametrize(
    ("stream", "kind", "subject", "schema", "error"),
    [
        ("user-7", "USER_ABDUCTED", USER, 1, UnknownEventType),
        ("user-7", "USER_CREATED", USER, 2, UnknownEventType),
        ("user-7", "USER_CREATED", {"id": 7}, 1, SchemaViolation),
        ("user-7", "USER_CREATED", NAMELESS, 1, SchemaViolation),
        ("user-8", "USER_DELETED", NAMELESS, 1, Contradiction),
        ("user-7", "USER_CREATED", USER | {"id": "7"}, 1, SchemaViolation),
        ("user-7", "USER_CREATED", USER | {"id": 2**63}, 1, SchemaViolation),
        ("user-7", "USER_CREATED", USER | {"createdAt": "yesterday"}, 1, SchemaViolation),
        ("friendship-4-9", "FRIEND_ADDED", FRIEND | {"friendId": 0}, 1, SchemaViolation),
        ("user-8", "USER_CREATED", USER, 1, Contradiction),
        ("friendship-9-4", "FRIEND_ADDED", FRIEND, 1, Contradiction),
        ("friendship-4-8", "FRIEND_ADDED", FRIEND, 1, Contradiction),
        ("friendship-9-9", "FRIEND_ADDED", FRIEND | {"friendId": 9}, 1, Contradiction),
        ("user-7", "FRIEND_ADDED", FRIEND, 1, Contradiction),
    ],
)
def test_what_cannot_be_understood(
    stream: str, kind: str, subject: dict[str, Any], schema: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        change(event(stream, kind, subject, schema=schema))


def test_members_that_are_not_known_are_left_alone() -> None:
    assert change(event("user-7", "USER_CREATED", USER | {"nickname": "Countess"})) is not None
