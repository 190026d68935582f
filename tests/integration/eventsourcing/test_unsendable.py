"""An event that cannot be sent holds up its own stream only; the relay neither stops nor spins for it."""

import os
from collections.abc import Callable

import pytest

from eventsourcing import publisher, schema_registry, store, topics
from eventsourcing import relay as relays
from eventsourcing.event import Metadata, NewEvent
from eventsourcing.models import OutboxEntry
from eventsourcing.schema_registry import EventType
from eventsourcing.topics import Topic
from service import clock
from tests.integration.eventsourcing.conftest import SteppedRelay, append, joins, told
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
FORGOTTEN = "USER_FORGOTTEN"


def unknown() -> None:
    """Version 2 of user-1 is of a type that this release no longer knows."""
    schema_registry.register(EventType(type=FORGOTTEN, topic="user", schema={"type": "object"}))
    try:
        event = NewEvent(type=FORGOTTEN, subject={"id": 1}, occurred_at=clock.now())
        store.append("user-1", expected_version=1, events=[event])
    finally:
        del schema_registry._types[FORGOTTEN, 1]


def too_large(size: int) -> None:
    """Version 2 of user-1 makes a message of this size."""
    how = Metadata(correlation_id="x" * size, traceparent="t")
    store.append("user-1", expected_version=1, events=[joins(1)], metadata=how)


# The client's own limit is 1 MiB; the second is refused by the broker, for what this topic takes is less.
UNSENDABLE: dict[str, Callable[[], None]] = {
    "a type that nobody knows": unknown,
    "larger than the client sends": lambda: too_large(2_000_000),
    "larger than the topic takes": lambda: too_large(600_000),
}


@pytest.fixture
def small_topic(topic: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The topic `user`, which takes no messages above 400 kB: more than any batch of the producer."""
    prefix = f"{os.environ['TOPIC_PREFIX']}small-"
    monkeypatch.setenv("TOPIC_PREFIX", prefix)
    topics.ensure([Topic(name="user", settings={"max.message.bytes": "400000"})])
    return f"{prefix}user"


@pytest.mark.parametrize("why", UNSENDABLE)
def test_an_event_that_cannot_be_sent_holds_up_its_own_stream_only(
    why: str, small_topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.environ.get("TEST_ENGINES") == "light" and "topic" in why:
        pytest.skip("Tansu takes messages of any size.")
    monkeypatch.setattr(publisher, "HOLD_SECONDS", 3600.0)
    monkeypatch.setattr(publisher, "HOLD_SECONDS_AT_MOST", 3600.0)
    append(1)
    UNSENDABLE[why]()
    for number in range(2, 9):
        append(number)
    append(1, 3)
    relay.drain()
    # Repeats are allowed: what Kafka took while the client gave it up is sent once more.
    assert sorted(set(told(small_topic))) == [(f"user-{number}", 1) for number in range(1, 9)]
    left = OutboxEntry.objects.filter(published_at=None).order_by("version")
    assert [(entry.stream, entry.version) for entry in left] == [("user-1", 2), ("user-1", 3)]
    # Nothing more is tried for it now: the relay would rest, and what comes is sent at once.
    assert not relay.relay.step(relay.connection, relay.shards)
    append(9)
    assert relay.relay.step(relay.connection, relay.shards)
    assert not relay.relay.step(relay.connection, relay.shards)
    assert ("user-9", 1) in told(small_topic)


def test_it_does_not_fill_the_batch(small_topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind it so many of its stream wait that nobody else would have a place."""
    monkeypatch.setattr(relays, "BATCH", 3)
    append(1)
    too_large(2_000_000)
    for version in range(3, 9):
        append(1, version)
    append(2)
    relay.drain()
    assert sorted(told(small_topic)) == [("user-1", 1), ("user-2", 1)]


def test_it_is_sent_once_it_can_be_and_its_stream_follows(
    small_topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "HOLD_SECONDS", 0.2)
    append(1)
    unknown()
    append(1, 3)
    relay.drain()
    assert told(small_topic) == [("user-1", 1)]
    schema_registry.register(EventType(type=FORGOTTEN, topic="user", schema={"type": "object"}))
    try:
        until(lambda: relay.relay.step(relay.connection, relay.shards))
        relay.drain()
        assert told(small_topic) == [("user-1", version) for version in (1, 2, 3)]
    finally:
        del schema_registry._types[FORGOTTEN, 1]
