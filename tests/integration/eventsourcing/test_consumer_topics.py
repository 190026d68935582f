"""The consumer when it cannot look at its topics, and when a topic was made anew: nothing that was polled is lost."""

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from eventsourcing import broker, topics
from eventsourcing.consumer import Message, Subscription
from eventsourcing.event import Event
from eventsourcing.topicmemory import TopicMemory
from eventsourcing.topics import Topic, TopicIds
from tests.integration.eventsourcing.conftest import append, published
from tests.integration.eventsourcing.consuming import consuming, message, send
from tests.integration.eventsourcing.test_consumer import Recorder, make_anew
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


class Unsteady:
    """A look at the topics that fails as long as it is told to, and counts how often it did."""

    def __init__(self, honest: Callable[[TopicMemory, Mapping[str, UUID]], Any], failures: int = 0) -> None:
        self._honest = honest
        self.failing = threading.Event()
        self.failures_left, self.failed = failures, 0

    def look(self, memory: TopicMemory, present: Mapping[str, UUID]) -> Any:
        """In place of TopicMemory.changed."""
        if self.failing.is_set() or self.failures_left > 0:
            self.failures_left -= 1
            self.failed += 1
            raise OperationalError("the database is starting up")
        return self._honest(memory, present)


@pytest.fixture
def unsteady(monkeypatch: pytest.MonkeyPatch) -> Unsteady:
    """The consumer's look at the topics can be made to fail, as where the database is away."""
    made = Unsteady(TopicMemory.changed)
    monkeypatch.setattr(TopicMemory, "changed", lambda memory, present: made.look(memory, present))
    return made


def test_a_database_that_is_away_when_the_consumer_starts_costs_nothing(
    topic: str, tmp_path: Path, unsteady: Unsteady
) -> None:
    send(topic, *(message(append(number)) for number in range(1, 21)))
    recorder = Recorder()
    unsteady.failures_left = 4
    with consuming(recorder.subscription, tmp_path):
        until(lambda: len(recorder.told()) >= 20)
    assert sorted(recorder.told()) == sorted((f"user-{number}", 1) for number in range(1, 21))


def test_a_database_that_is_away_when_the_topics_are_looked_at_costs_nothing(
    topic: str, tmp_path: Path, unsteady: Unsteady
) -> None:
    recorder = Recorder()
    with consuming(recorder.subscription, tmp_path):
        send(topic, message(append(1)))
        until(lambda: recorder.told() == [("user-1", 1)])
        unsteady.failing.set()
        send(topic, *(message(append(number)) for number in range(2, 12)))
        until(lambda: unsteady.failed >= 4)
        unsteady.failing.clear()
        until(lambda: len(recorder.told()) >= 11)
    assert sorted(recorder.told()) == sorted((f"user-{number}", 1) for number in range(1, 12))


class Gate:
    """Holds a handler up at the first event of one stream, until it is let through."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, one: Message, calls: int) -> None:
        assert one.envelope is not None
        if one.envelope.stream == self._stream:
            self.reached.set()
            assert self.opened.wait(60)


def test_one_topic_made_anew_costs_the_other_nothing(
    topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a batch is handled, records of both topics pile up and one of the topics is made anew: the next look at
    the topics sees that, and what was polled of the other must stand."""
    monkeypatch.setattr(TopicIds, "current", TopicIds._ask)
    topics.ensure([Topic(name="other")])
    other = broker.topic_name("other")
    gate = Gate("user-1")
    recorder = Recorder(gate)
    subscription = Subscription(name="recorder", topics=("user", "other"), handler=recorder)
    with consuming(subscription, tmp_path):
        send(topic, message(append(100)))
        until(lambda: recorder.told() == [("user-100", 1)])
        send(other, message(append(1)))
        assert gate.reached.wait(60)
        send(other, *(message(append(number)) for number in range(2, 30)))
        make_anew(topic)
        send(topic, message(append(101)))
        gate.opened.set()
        until(lambda: ("user-101", 1) in recorder.told())
        send(other, message(append(30)))
        until(lambda: ("user-30", 1) in recorder.told())
    assert {stream for stream, _ in recorder.told()} >= {f"user-{number}" for number in range(1, 31)}


def _topic_id(topic: str) -> str:
    ids = TopicIds(["user"])
    try:
        return str(ids.current()["user"])
    finally:
        ids.close()


def _filled(topic: str, count: int) -> dict[TopicPartition, list[Event]]:
    """So many events in the topic; by partition, what stands there."""
    events = {str(event.event_id): event for event in (append(number) for number in range(1, count + 1))}
    send(topic, *(message(event) for event in events.values()))
    found: dict[TopicPartition, list[Event]] = {}
    with closing(broker.consumer("looks")) as client:
        places = [TopicPartition(topic, number) for number in client.partitions_for_topic(topic) or ()]
        ends = client.end_offsets(places)
    told = [events[one["eventId"]] for one in published(topic)]
    for place in sorted(places, key=lambda one: one.partition):
        found[place], told = told[: ends[place]], told[ends[place] :]
    return found


def _commit(offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
    """As somebody outside of the group does it."""
    with closing(broker.consumer("recorder")) as client:
        client.assign(list(offsets))
        client.commit(dict(offsets), timeout_ms=10_000)


def test_an_offset_of_an_earlier_making_of_the_topic_is_not_followed(topic: str, tmp_path: Path) -> None:
    """No consumer ran while the topic was made anew and filled beyond what had been committed: what stands below that
    offset was never read."""
    recorder = Recorder()
    earlier = _topic_id(topic)
    with consuming(recorder.subscription, tmp_path):
        send(topic, message(append(100)))
        until(lambda: recorder.told() == [("user-100", 1)])
    make_anew(topic)
    filled = _filled(topic, 60)
    _commit({place: OffsetAndMetadata(len(events) - 1, earlier, -1) for place, events in filled.items() if events})
    with consuming(recorder.subscription, tmp_path):
        until(lambda: len(recorder.told()) >= 61)
    assert {stream for stream, _ in recorder.told()} == {f"user-{number}" for number in (*range(1, 61), 100)}


def test_an_offset_that_an_operator_committed_is_followed(topic: str, tmp_path: Path) -> None:
    """Kafka's own tools commit without metadata: that is meant as it is."""
    filled = _filled(topic, 60)
    _commit({place: OffsetAndMetadata(len(events) - 1, "", -1) for place, events in filled.items() if events})
    recorder = Recorder()
    last = {(events[-1].stream, 1) for events in filled.values() if events}
    with consuming(recorder.subscription, tmp_path):
        until(lambda: len(recorder.told()) >= len(last))
        send(topic, message(append(61)))
        until(lambda: ("user-61", 1) in recorder.told())
    assert set(recorder.told()) == last | {("user-61", 1)}
