"""A consumer in a thread, and a producer that sends what it is told."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from eventsourcing import broker, envelope
from eventsourcing.consumer import Consumer, Subscription
from eventsourcing.event import Event, key_of
from service.runner import Heartbeat, Stopper


def send(topic: str, *messages: tuple[str, bytes]) -> None:
    """Send messages with these keys, in order; all acknowledged when it returns."""
    with closing(broker.producer()) as producer:
        futures = [producer.send(topic, key=key.encode(), value=value) for key, value in messages]
        for future in futures:
            future.get(timeout=30)


def message(event: Event) -> tuple[str, bytes]:
    """A stored event as the relay sends it."""
    return key_of(event.stream), envelope.to_json(event)


@contextmanager
def consuming(subscription: Subscription, folder: Path) -> Iterator[None]:
    """The subscription is consumed while the block runs; the consumer leaves its group at the end."""
    stopper = Stopper()
    consumer = Consumer(subscription, stopper=stopper, heartbeat=Heartbeat("consume", folder))

    def run() -> None:
        try:
            consumer.run()
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopper.stop()
        thread.join(timeout=30)
        assert not thread.is_alive()
