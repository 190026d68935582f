"""A topic of its own for each test, and a relay that can be run step by step."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from eventsourcing import broker, direct, store, topics
from eventsourcing.event import Event, NewEvent
from eventsourcing.relay import Relay
from eventsourcing.shards import Shards
from service import clock
from service.runner import Heartbeat, Stopper
from users import events, user


def joins(number: int) -> NewEvent:
    """The event of somebody who joins."""
    return user.create(number, first_name="Ada", last_name="Lovelace", at=clock.now())[1]


def append(number: int, version: int = 1) -> Event:
    """Append one event to the stream of a user, at that version."""
    return store.append(f"user-{number}", expected_version=version - 1, events=[joins(number)])[0]


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> str:
    """The topic `user` of this test alone."""
    monkeypatch.setenv("TOPIC_PREFIX", f"test-{uuid.uuid4().hex[:12]}-")
    topics.ensure([events.TOPIC])
    return broker.topic_name("user")


class SteppedRelay:
    """A relay with its session and its shards, driven by the test."""

    def __init__(self, connection: direct.Connection, owner: str, relay: Relay) -> None:
        self.connection, self.relay = connection, relay
        self.shards = Shards(connection, owner=owner, total=store.SHARDS)
        self.shards.maintain()

    def drain(self) -> None:
        """Publish until there is nothing left."""
        while self.relay.step(self.connection, self.shards):
            pass


@pytest.fixture
def relay(topic: str, transactional_db: None, tmp_path: Any) -> Iterator[SteppedRelay]:
    """A relay that owns every shard."""
    made = Relay(stopper=Stopper(), heartbeat=Heartbeat("relay", tmp_path))
    with closing(direct.connect("relay under test")) as connection:
        yield SteppedRelay(connection, "test", made)
    made.close()


def published(topic: str) -> list[dict[str, Any]]:
    """All messages of a topic, as JSON, partition by partition, in the order of each."""
    with closing(KafkaConsumer(**broker.connection_settings(), enable_auto_commit=False)) as client:
        places = [TopicPartition(topic, number) for number in sorted(client.partitions_for_topic(topic) or ())]
        client.assign(places)
        client.seek_to_beginning(*places)
        ends = client.end_offsets(places)
        found: dict[TopicPartition, list[Any]] = {place: [] for place in places}
        while any(client.position(place) < ends[place] for place in places):
            for place, records in client.poll(timeout_ms=500).items():
                found[place].extend(records)
    return [json.loads(record.value) for place in places for record in found[place]]


def told(topic: str) -> list[tuple[str, int]]:
    """Stream and version of each message of a topic."""
    return [(message["stream"], message["streamVersion"]) for message in published(topic)]
