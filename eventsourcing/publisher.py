"""Sends stored events to Kafka and tells which of them it acknowledged."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from eventsourcing import broker, envelope, schema_registry
from eventsourcing.event import Event, key_of
from eventsourcing.schema_registry import UnknownEventType

logger = logging.getLogger(__name__)
# Longer than the producer's own limit on a delivery, after which it has given every message up by itself.
SETTLED_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledged:
    """An event that Kafka has: its position in the store, and where Kafka put it."""

    event_position: int
    partition: int
    offset: int


class Publisher:
    """A producer that is made anew after any failure: a fatal error of an idempotent producer does not pass."""

    def __init__(self) -> None:
        self._producer: KafkaProducer | None = None

    def publish(self, events: Sequence[Event], *, waiting: Callable[[], None]) -> list[Acknowledged]:
        """Send events in order; those acknowledged, up to the first failure within each stream.

        `waiting` is called about every second while Kafka lets us wait. Raises nothing of Kafka's: what failed
        is simply not among the acknowledged, and is logged.
        """
        failed: set[str] = set()
        try:
            self._producer = self._producer or broker.producer()
        except KafkaError as error:
            logger.warning("Kafka does not answer: %s", error)
            return []
        futures = self._send(self._producer, events, failed, waiting)
        acknowledged = [done for event, future in futures if (done := _settle(event, future, failed, waiting))]
        if failed:
            self.close()
        return acknowledged

    def _send(
        self, producer: KafkaProducer, events: Sequence[Event], failed: set[str], waiting: Callable[[], None]
    ) -> list[tuple[Event, Any]]:
        """Send what can be sent. An event that cannot holds up its own stream only; a topic that does not take one
        event is not tried with the next, for each try takes seconds."""
        futures: list[tuple[Event, Any]] = []
        closed_topics: set[str] = set()
        for event in events:
            if event.stream in failed:
                continue
            try:
                topic = schema_registry.newest(event.type).topic
                if topic not in closed_topics:
                    futures.append((event, _send_one(producer, topic, event)))
                    continue
            except KafkaTimeoutError as error:
                logger.warning("Kafka takes nothing for %s: %s", topic, error)
                closed_topics.add(topic)
                waiting()
            except (KafkaError, UnknownEventType) as error:
                logger.warning("%s v%d cannot be sent: %s", event.stream, event.version, error)
            failed.add(event.stream)
        return futures

    def close(self) -> None:
        """End the producer; what it was still sending is given up."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=1)
        except KafkaError as error:
            logger.info("The producer did not end cleanly: %s", error)


def _send_one(producer: KafkaProducer, topic: str, event: Event) -> Any:
    return producer.send(
        broker.topic_name(topic),
        key=key_of(event.stream).encode(),
        value=envelope.to_json(event),
        headers=envelope.headers(event),
    )


def _settle(event: Event, future: Any, failed: set[str], waiting: Callable[[], None]) -> Acknowledged | None:
    """Wait for one answer. An event behind a failed one of its stream counts as failed: it will be sent again, after
    that one."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while not future.is_done and time.monotonic() < deadline:
        try:
            future.get(timeout=1.0)
        except KafkaTimeoutError:
            waiting()
        except KafkaError:
            break
    if event.stream in failed:
        return None
    try:
        metadata = future.get(timeout=0)
    except KafkaError as error:
        logger.warning("Kafka did not take %s v%d: %s", event.stream, event.version, error)
        failed.add(event.stream)
        return None
    return Acknowledged(event_position=event.position, partition=metadata.partition, offset=metadata.offset)
