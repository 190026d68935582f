"""Invented histories of users and friendships, as the messages in which they reach this service."""

import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from eventsourcing import envelope
from eventsourcing.consumer import Message
from eventsourcing.event import Event, Metadata
from service import clock

BEGINNING = datetime(2026, 11, 24, 19, 25, 29, 363000, tzinfo=UTC)
PARTITIONS = 3


def partition_of(stream: str) -> int:
    """A partition for the stream, always the same."""
    return sum(stream.encode()) % PARTITIONS


@dataclass
class History:
    """What happened so far: every event, in the order of each stream."""

    events: list[Event] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    friends: set[tuple[int, int]] = field(default_factory=set)

    def record(self, stream: str, kind: str, subject: dict[str, Any], **changes: Any) -> Event:
        """One more event of a stream."""
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        event = Event(
            position=len(self.events) + 1,
            event_id=uuid.uuid4(),
            stream=stream,
            version=version,
            type=kind,
            schema_version=1,
            subject=subject,
            occurred_at=BEGINNING + timedelta(seconds=len(self.events)),
            metadata=Metadata(correlation_id="test", traceparent="00-1-1-01"),
            personal=tuple(name for name in ("firstName", "lastName") if name in subject),
            **changes,
        )
        self.events.append(event)
        return event

    def _now(self) -> str:
        return clock.iso(BEGINNING + timedelta(seconds=len(self.events)))

    def user(self, number: int, first: str = "Ada", last: str = "Lovelace") -> Event:
        """Somebody joins, or changes their names."""
        stream = f"user-{number}"
        subject = {
            "id": number,
            "firstName": first,
            "lastName": last,
            "createdAt": clock.iso(BEGINNING),
            "lastModified": self._now(),
        }
        return self.record(stream, "USER_UPDATED" if stream in self.versions else "USER_CREATED", subject)

    def delete(self, number: int) -> Event:
        """Somebody leaves, and is forgotten."""
        subject = {"id": number, "createdAt": clock.iso(BEGINNING), "lastModified": self._now()}
        return self.record(f"user-{number}", "USER_DELETED", subject)

    @staticmethod
    def erased(event: Event) -> Event:
        """The event as it is sent when its user was deleted before."""
        kept = {name: value for name, value in event.subject.items() if name not in event.personal}
        return replace(event, subject=kept, personal=(), erased=event.personal)

    def _tie(self, kind: str, asks: int, asked: int) -> Event:
        low, high = sorted((asks, asked))
        subject = {
            "id": low * 10_000 + high,
            "userId": asks,
            "friendId": asked,
            "createdAt": clock.iso(BEGINNING),
            "updatedAt": self._now(),
        }
        return self.record(f"friendship-{low}-{high}", kind, subject)

    def befriend(self, asks: int, asked: int) -> Event:
        """Two become friends."""
        self.friends.add((min(asks, asked), max(asks, asked)))
        return self._tie("FRIEND_ADDED", asks, asked)

    def unfriend(self, asks: int, asked: int) -> Event:
        """Two are friends no longer."""
        self.friends.discard((min(asks, asked), max(asks, asked)))
        return self._tie("FRIEND_REMOVED", asks, asked)

    @property
    def named(self) -> set[int]:
        """Users whose names are known, and not forgotten since."""
        last = {event.stream: event for event in self.events if event.stream.startswith("user-")}
        return {event.subject["id"] for event in last.values() if "firstName" in event.subject}

    def friends_of(self, number: int) -> set[int]:
        """The user's friends."""
        return {low if high == number else high for low, high in self.friends if number in (low, high)}


def message(event: Event, offset: int = 0, *, topic: str | None = None, partition: int | None = None) -> Message:
    """The event as the consumer hands it over."""
    value = envelope.to_json(event)
    return Message(
        topic=topic or ("user" if event.stream.startswith("user-") else "friend"),
        partition=partition_of(event.stream) if partition is None else partition,
        offset=offset,
        key=event.stream.partition("-")[2],
        value=value,
        envelope=envelope.from_json(value),
    )


def messages(events: Iterable[Event]) -> list[Message]:
    """The events as messages, in this order."""
    return [message(event, offset) for offset, event in enumerate(events)]


def random_history(seed: int, *, people: int = 60, ties: int = 240, stubs: int = 3) -> History:
    """Some people, of whom the last `stubs` have not said their names; friendships made, ended, made again."""
    chance, history = random.Random(seed), History()
    for number in range(1, people - stubs + 1):
        history.user(number, first=f"First{number}", last=f"Last{number}")
    for _ in range(ties):
        one, other = chance.sample(range(1, people + 1), 2)
        pair = (min(one, other), max(one, other))
        if pair not in history.friends:
            history.befriend(one, other)
        elif chance.random() < 0.5:
            history.unfriend(one, other)
    for number in chance.sample(range(1, people - stubs + 1), people // 6):
        history.user(number, first=f"Renamed{number}")
    return history


def shuffled(events: Sequence[Event], seed: int) -> list[Event]:
    """The events in any order, some of them twice."""
    chance = random.Random(seed)
    found = [*events, *chance.choices(events, k=len(events) // 4)]
    chance.shuffle(found)
    return found
