"""Events on Kafka, as a consumer written for the reference reads them."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from kafka import KafkaConsumer, TopicPartition

from desktop.supervisor import System
from tests.contract import shapes
from tests.support.network import Network
from tests.support.system import address
from tests.support.waiting import eventually

REFERENCE_MEMBERS = {"id", "eventType", "createdAt", "lastModified", "subject"}


class Topic:
    """All that a topic holds, read from its beginning, by key."""

    def __init__(self, bootstrap: str, name: str) -> None:
        self.consumer = KafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False)
        self.partitions = [TopicPartition(name, number) for number in self.consumer.partitions_for_topic(name)]
        self.consumer.assign(self.partitions)
        self.consumer.seek_to_beginning(*self.partitions)
        self.messages: list[Any] = []

    def of(self, key: str) -> list[Any]:
        """The messages with this key so far, in the order of their partition."""
        for found in self.consumer.poll(timeout_ms=200).values():
            self.messages += found
        return [message for message in self.messages if message.key == key.encode()]

    def wait(self, key: str, count: int) -> list[Any]:
        """The first `count` messages with this key, once they are there."""

        def check() -> list[Any]:
            found = self.of(key)
            assert len(found) >= count, f"{len(found)} messages with the key {key}"
            return found[:count]

        return eventually(check)


def _topic(system: System, name: str) -> Iterator[Topic]:
    prefix = system.given["TOPIC_PREFIX"]
    topic = Topic(address(system, "KAFKA_BOOTSTRAP_SERVERS"), prefix + name)
    yield topic
    topic.consumer.close()


@pytest.fixture(scope="module")
def user_topic(system: System) -> Iterator[Topic]:
    yield from _topic(system, "user")


@pytest.fixture(scope="module")
def friend_topic(system: System) -> Iterator[Topic]:
    yield from _topic(system, "friend")


def milliseconds(iso: str) -> int:
    """Epoch milliseconds of a time in the API's form."""
    return round(datetime.fromisoformat(iso).timestamp() * 1000)


def check_envelope(message: Any, event_type: str, subject: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope, which must be as the reference's consumers have it, and ours beside it."""
    envelope: dict[str, Any] = json.loads(message.value)
    assert set(envelope) > REFERENCE_MEMBERS
    assert type(envelope["id"]) is int
    assert -(2**31) <= envelope["id"] < 2**31
    assert envelope["eventType"] == event_type
    assert envelope["subject"] == subject
    _check_times(envelope)
    _check_ours(message, envelope, event_type)
    return envelope


def _check_times(envelope: Mapping[str, Any]) -> None:
    now = datetime.now(UTC).timestamp() * 1000
    assert type(envelope["createdAt"]) is int
    assert now - 600_000 < envelope["createdAt"] <= now
    assert envelope["lastModified"] is None or type(envelope["lastModified"]) is int
    shapes.time(envelope["subject"]["createdAt"])


def _check_ours(message: Any, envelope: Mapping[str, Any], event_type: str) -> None:
    headers = {name: value.decode() for name, value in message.headers}
    assert UUID(envelope["eventId"]).version == 7
    assert headers["event-id"] == envelope["eventId"]
    assert headers["event-type"] == event_type
    assert headers["schema-version"] == str(envelope["schemaVersion"])
    assert headers["traceparent"] == envelope["traceparent"]


def test_a_users_events(network: Network, user_topic: Topic) -> None:
    created = network.create("Kafka", "Reader")
    renamed = network.rename(created["id"], "Kafka", "Writer")
    messages = user_topic.wait(str(created["id"]), 2)
    first = check_envelope(messages[0], "USER_CREATED", created)
    second = check_envelope(messages[1], "USER_UPDATED", renamed)
    assert first["createdAt"] == milliseconds(created["createdAt"])
    assert second["lastModified"] in {None, milliseconds(renamed["lastModified"])}
    assert first["stream"] == second["stream"] == f"user-{created['id']}"
    assert (first["streamVersion"], second["streamVersion"]) == (1, 2)


def test_the_end_of_a_user_is_a_message_with_a_value_and_no_name(network: Network, user_topic: Topic) -> None:
    created = network.create("Zuleika", "Dobson")
    network.delete(created["id"])
    message = user_topic.wait(str(created["id"]), 2)[1]
    subject = json.loads(message.value)["subject"]
    envelope = check_envelope(message, "USER_DELETED", subject)
    assert set(subject) == {"id", "createdAt", "lastModified"}
    assert (subject["id"], subject["createdAt"]) == (created["id"], created["createdAt"])
    assert envelope["createdAt"] == milliseconds(subject["lastModified"])
    assert envelope["streamVersion"] == 2


def test_a_friendships_events(network: Network, friend_topic: Topic) -> None:
    low, high = network.people(2)
    record = network.befriend(high, low)
    network.unfriend(low, high)
    messages = friend_topic.wait(f"{low}-{high}", 2)
    added = check_envelope(messages[0], "FRIEND_ADDED", record)
    assert (added["subject"]["userId"], added["subject"]["friendId"]) == (high, low)
    removed = json.loads(messages[1].value)
    assert removed["eventType"] == "FRIEND_REMOVED"
    assert set(removed["subject"]) == set(record)
    assert removed["subject"]["id"] == record["id"]
    for envelope in (added, removed):
        assert envelope["friendMessage"] is None
        assert envelope["stream"] == f"friendship-{low}-{high}"


def test_a_user_event_has_no_member_of_a_friends(network: Network, user_topic: Topic) -> None:
    envelope = json.loads(user_topic.wait(str(network.create()["id"]), 1)[0].value)
    assert "friendMessage" not in envelope


def test_both_topics_have_several_partitions_and_use_them(
    network: Network, user_topic: Topic, friend_topic: Topic
) -> None:
    ids = network.people(20)
    used = {user_topic.wait(str(user_id), 1)[0].partition for user_id in ids}
    assert len(user_topic.partitions) == len(friend_topic.partitions) > 1
    assert len(used) > 1


def test_what_is_refused_makes_no_event(network: Network, friend_topic: Topic) -> None:
    low, high = network.people(2)
    network.befriend(low, high)
    path = f"/friend/v1/users/{high}/commands/addFriend?friendId={low}"
    assert network.client.post(path).status == 409
    network.unfriend(low, high)
    kinds = [json.loads(message.value)["eventType"] for message in friend_topic.wait(f"{low}-{high}", 2)]
    assert kinds == ["FRIEND_ADDED", "FRIEND_REMOVED"]
