"""The aggregate User: its rules, as functions that know neither a database nor a broker."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from eventsourcing.event import Event, NewEvent
from service import clock

CATEGORY = "user"
CREATED, UPDATED, DELETED = "USER_CREATED", "USER_UPDATED", "USER_DELETED"


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A user as its events have made it; `version` counts them."""

    id: int
    first_name: str
    last_name: str
    created_at: datetime
    last_modified: datetime
    version: int


def stream_of(user_id: int) -> str:
    """The stream of a user's events."""
    return f"{CATEGORY}-{user_id}"


def record(user: User) -> dict[str, Any]:
    """The user as the API shows it, and as its events carry it."""
    return {
        "id": user.id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "createdAt": clock.iso(user.created_at),
        "lastModified": clock.iso(user.last_modified),
    }


def create(user_id: int, *, first_name: str, last_name: str, at: datetime) -> tuple[User, NewEvent]:
    """Somebody joins."""
    user = User(id=user_id, first_name=first_name, last_name=last_name, created_at=at, last_modified=at, version=1)
    return user, NewEvent(type=CREATED, subject=record(user), occurred_at=at)


def update(user: User, *, first_name: str, last_name: str, at: datetime) -> tuple[User, NewEvent]:
    """Somebody's names change. Time never runs backwards within a user, whatever the machine's clock does."""
    changed = replace(
        user,
        first_name=first_name,
        last_name=last_name,
        last_modified=max(at, user.last_modified),
        version=user.version + 1,
    )
    return changed, NewEvent(type=UPDATED, subject=record(changed), occurred_at=changed.last_modified)


def delete(user: User, *, at: datetime) -> NewEvent:
    """Somebody leaves and is forgotten: the event says that, and when, and no name."""
    moment = max(at, user.last_modified)
    subject = {"id": user.id, "createdAt": clock.iso(user.created_at), "lastModified": clock.iso(moment)}
    return NewEvent(type=DELETED, subject=subject, occurred_at=moment)


def evolve(user: User | None, event: Event) -> User | None:
    """The user after one more event: the fold that state, `verify` and `as_of` share.

    None where the event ends the user, and where it was erased: no moment is shown of somebody who is forgotten.
    """
    if event.type == DELETED or event.erased:
        return None
    subject: Mapping[str, Any] = event.subject
    return User(
        id=subject["id"],
        first_name=subject["firstName"],
        last_name=subject["lastName"],
        created_at=clock.parse_iso(subject["createdAt"]),
        last_modified=clock.parse_iso(subject["lastModified"]),
        version=event.version,
    )
