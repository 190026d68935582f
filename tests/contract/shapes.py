"""The shapes of the contract's bodies: which members, of which types, and no others."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Shape = Callable[[Any], None]

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00")
PROBLEM_MEMBERS = {"type", "title", "status", "detail", "timestamp", "path", "error", "requestId"}


def time(value: Any) -> None:
    """ISO 8601 in UTC, with milliseconds."""
    assert isinstance(value, str)
    assert TIME.fullmatch(value), value
    datetime.fromisoformat(value)


def identity(value: Any) -> None:
    """A positive 64-bit integer."""
    assert type(value) is int
    assert 0 < value < 2**63


def weight(value: Any) -> None:
    """A number of mutual friends: at least one."""
    assert type(value) is int
    assert value > 0


def text(value: Any) -> None:
    """A string."""
    assert isinstance(value, str)


def _record(**members: Shape) -> Shape:
    def check(value: Any) -> None:
        assert isinstance(value, dict)
        assert set(value) == set(members)
        for name, shape in members.items():
            shape(value[name])

    return check


def _list_of(shape: Shape) -> Shape:
    def check(value: Any) -> None:
        assert isinstance(value, list)
        assert value, "the case is about a list with something in it"
        for entry in value:
            shape(entry)

    return check


def exactly(expected: Any) -> Shape:
    """This value and no other."""

    def check(value: Any) -> None:
        assert value == expected

    return check


def problem(value: Any) -> None:
    """RFC 9457 with the reference's members."""
    assert isinstance(value, Mapping)
    assert set(value) >= PROBLEM_MEMBERS
    time(value["timestamp"])
    assert type(value["status"]) is int
    for name in PROBLEM_MEMBERS - {"status"}:
        assert isinstance(value[name], str)
        assert value[name], f"{name} is empty"


def routes(value: Any) -> None:
    """The gateway's routes, as Spring Cloud Gateway tells them."""
    assert isinstance(value, list)
    assert {route["route_id"] for route in value} >= {
        "user-service",
        "friend-service",
        "recommendation-service",
    }
    for route in value:
        text(route["uri"])
        assert route["predicates"]


def cursor(value: Any) -> None:
    """Text that may stand in a URL and in a header as it is."""
    text(value)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", value), value


def event(value: Any) -> None:
    """An event as on Kafka."""
    assert isinstance(value, dict)
    assert set(value) >= {"id", "eventType", "createdAt", "lastModified", "subject", "eventId", "stream"}


def place(value: Any) -> None:
    """A place in a topic."""
    assert type(value) is int
    assert value >= 0


user = _record(id=identity, firstName=text, lastName=text, createdAt=time, lastModified=time)
friend = _record(id=identity, userId=identity, friendId=identity, createdAt=time, updatedAt=time)
friends = _list_of(friend)
users = _list_of(user)
recommendations = _list_of(_record(user=user, weight=weight))
stored = _record(at=time)
feed = _list_of(
    _record(
        cursor=cursor,
        event=event,
        stored=stored,
        published=_record(at=time, topic=text, partition=place, offset=place),
    )
)
log_feed = _list_of(
    _record(
        cursor=cursor,
        event=event,
        stored=stored,
        published=_record(topic=text, partition=place, offset=place),
        received=_record(at=time, position=identity),
        projected=_record(at=time),
    )
)
empty = exactly([])
up = exactly({"status": "UP"})
