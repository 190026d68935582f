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
        futures: list[tuple[Event, Any]] = []
        failed: set[str] = set()
        try:
            self._send(events, futures, waiting)
        except KafkaError as error:
            logger.warning("Kafka takes nothing: %s", error)
            failed |= {event.stream for event in events[len(futures) :]}
        acknowledged = [done for event, future in futures if (done := _settle(event, future, failed, waiting))]
        if failed:
            self.close()
        return acknowledged

    def _send(self, events: Sequence[Event], futures: list[tuple[Event, Any]], waiting: Callable[[], None]) -> None:
        if self._producer is None:
            self._producer = broker.producer()
        for event in events:
            topic = broker.topic_name(schema_registry.find(event.type, event.schema_version).topic)
            future = self._producer.send(
                topic,
                key=key_of(event.stream).encode(),
                value=envelope.to_json(event),
                headers=envelope.headers(event),
            )
            futures.append((event, future))

    def close(self) -> None:
        """End the producer; what it was still sending is given up."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=1)
        except KafkaError as error:
            logger.info("The producer did not end cleanly: %s", error)


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
