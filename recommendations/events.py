"""The events of others that this service reads, and what each of them says about the graph."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventsourcing import schema_registry
from eventsourcing.event import Event

USER_CREATED, USER_UPDATED, USER_DELETED = "USER_CREATED", "USER_UPDATED", "USER_DELETED"
FRIEND_ADDED, FRIEND_REMOVED = "FRIEND_ADDED", "FRIEND_REMOVED"
READ = schema_registry.load_published(USER_CREATED, USER_UPDATED, USER_DELETED, FRIEND_ADDED, FRIEND_REMOVED)
TOPICS = ("user", "friend")
# Which service's the streams of a category are.
SERVICES = {"user": "users", "friendship": "friends"}


class Contradiction(Exception):
    """An event's stream and its subject are about different things, or it ties somebody to themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A user as version `version` of the stream has it. Times are ISO 8601, as in the API."""

    user_id: int
    version: int
    first_name: str
    last_name: str
    created_at: str
    last_modified: str

    @property
    def stream(self) -> str:
        """The stream that says so."""
        return f"user-{self.user_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tie:
    """Whether two users, low id and high id, are friends as of a version of the stream. user_id: who asked."""

    low: int
    high: int
    version: int
    friends: bool
    id: int
    user_id: int
    created_at: str
    updated_at: str

    @property
    def stream(self) -> str:
        """The stream that says so."""
        return f"friendship-{self.low}-{self.high}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gone:
    """A user who was erased, as of a version of the stream. Nothing of them is left but that."""

    user_id: int
    version: int

    @property
    def stream(self) -> str:
        """The stream that says so."""
        return f"user-{self.user_id}"


Change = Person | Gone | Tie


def change(event: Event) -> Change:
    """What the event says about the graph. One whose personal members are erased says what its stream's end says.

    Raises UnknownEventType, SchemaViolation, Contradiction.
    """
    _, subject = schema_registry.read(
        event.type, event.schema_version, dict(event.subject), erased=bool(event.erased)
    )
    if event.type == USER_DELETED or event.erased:
        found: Change = Gone(user_id=subject["id"], version=event.version)
    elif event.type in (USER_CREATED, USER_UPDATED):
        found = _person(event.version, subject)
    else:
        found = _tie(event, subject)
    if found.stream != event.stream:
        raise Contradiction(f"{event.type} of {event.stream} is about {found.stream}.")
    return found


def _person(version: int, subject: Mapping[str, Any]) -> Person:
    return Person(
        user_id=subject["id"],
        version=version,
        first_name=subject["firstName"],
        last_name=subject["lastName"],
        created_at=subject["createdAt"],
        last_modified=subject["lastModified"],
    )


def _tie(event: Event, subject: Mapping[str, Any]) -> Tie:
    low, high = sorted((subject["userId"], subject["friendId"]))
    if low == high:
        raise Contradiction(f"{event.stream} ties user {low} to themselves.")
    return Tie(
        low=low,
        high=high,
        version=event.version,
        friends=event.type == FRIEND_ADDED,
        id=subject["id"],
        user_id=subject["userId"],
        created_at=subject["createdAt"],
        updated_at=subject["updatedAt"],
    )
