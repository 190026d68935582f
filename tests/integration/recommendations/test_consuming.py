"""From Kafka to an answer: a real broker, the real consumer, the log, the projector."""

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from django.db import connections
from kafka import KafkaProducer

from eventsourcing import broker, envelope, topics
from eventsourcing.consumer import Consumer
from eventsourcing.event import Event, key_of
from eventsourcing.models import DeadLetter
from eventsourcing.topics import Topic
from recommendations import log, queries
from recommendations.models import LogEntry
from service.runner import Heartbeat, Stopper
from tests.integration.recommendations import model
from tests.integration.recommendations.histories import History, random_history
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
Publish = Callable[[Iterable[Event]], None]


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> Iterator[KafkaProducer]:
    """A producer for topics of this test alone."""
    monkeypatch.setenv("TOPIC_PREFIX", f"test-{uuid.uuid4().hex[:12]}-")
    topics.ensure([Topic(name=name) for name in log.SUBSCRIPTION.topics])
    made = broker.producer()
    yield made
    made.close()


@pytest.fixture
def publish(producer: KafkaProducer) -> Publish:
    """Publishes events as the relay does: keyed by their stream, acknowledged."""

    def run(events: Iterable[Event]) -> None:
        futures = [
            producer.send(
                broker.topic_name("user" if event.stream.startswith("user-") else "friend"),
                key=key_of(event.stream).encode(),
                value=envelope.to_json(event),
            )
            for event in events
        ]
        for future in futures:
            future.get(timeout=10)

    return run


@pytest.fixture
def consuming(producer: KafkaProducer, tmp_path: Path) -> Iterator[Stopper]:
    """The service's consumer at work."""
    stopper = Stopper()
    consumer = Consumer(log.SUBSCRIPTION, stopper=stopper, heartbeat=Heartbeat("consume", tmp_path))

    def run() -> None:
        try:
            consumer.run()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    yield stopper
    stopper.stop()
    thread.join()


def logged(number: int) -> None:
    """Asserts that so many events are in the log."""
    assert LogEntry.objects.count() == number


def test_what_is_published_is_logged_projected_and_answered(
    publish: Publish, consuming: Stopper, project: Callable[[], None]
) -> None:
    history = random_history(1, people=20, ties=60)
    publish(history.events)
    eventually(lambda: logged(len(history.events)))
    project()
    assert model.shown() == model.fold(history.events)
    for me in range(1, 21):
        assert queries.recommended_friends(me, limit=20) == model.recommended_friends(history, me)


def test_what_is_published_twice_is_logged_once(publish: Publish, consuming: Stopper) -> None:
    history = History()
    first = [history.user(1), history.user(2), history.befriend(1, 2)]
    publish([*first, *first])
    publish([history.user(3)])
    eventually(lambda: logged(4))
    assert [end.position for end in log.ends().values()]
    assert sum(end.position for end in log.ends().values()) == 4


def test_what_is_no_event_is_parked_and_the_rest_is_logged(
    publish: Publish, consuming: Stopper, producer: KafkaProducer
) -> None:
    producer.send(broker.topic_name("user"), key=b"1", value=b"{not json").get(timeout=10)
    publish([History().user(2)])
    eventually(lambda: logged(1))

    def parked() -> None:
        assert DeadLetter.objects.filter(consumer=log.CONSUMER, state="parked").count() == 1

    eventually(parked)
