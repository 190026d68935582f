"""Sends stored events to Kafka and tells which of them it acknowledged."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, RecordListTooLargeError

from eventsourcing import broker, envelope, schema_registry
from eventsourcing.event import Event, key_of
from eventsourcing.schema_registry import UnknownEventType

logger = logging.getLogger(__name__)
# Longer than the producer's own limit on a delivery, after which it has given every message up by itself.
SETTLED_SECONDS = 15.0
HOLD_SECONDS, HOLD_SECONDS_AT_MOST = 1.0, 60.0
# What is wrong with the event itself: the same would not work in a moment.
UNSENDABLE = (UnknownEventType, MessageSizeTooLargeError, RecordListTooLargeError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledged:
    """An event that Kafka has: its position in the store, and where Kafka put it."""

    event_position: int
    partition: int
    offset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """The first event of a stream that was not taken, and why."""

    event: Event
    error: Exception


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """A stream whose next event cannot be sent: how often it was tried, when (monotonic) it is tried again."""

    failures: int
    until: float


Waiting = Callable[[], None]
Failures = dict[str, Failure]


class Publisher:
    """A producer that is made anew after any failure: a fatal error of an idempotent producer does not pass."""

    def __init__(self) -> None:
        self._producer: KafkaProducer | None = None
        self._holds: dict[str, Hold] = {}

    def held(self) -> list[str]:
        """Streams whose next event cannot be sent, as long as it is too early to try again."""
        now = time.monotonic()
        return [stream for stream, hold in self._holds.items() if hold.until > now]

    def publish(self, events: Sequence[Event], *, waiting: Waiting) -> list[Acknowledged]:
        """Send events in order; those acknowledged, up to the first failure within each stream.

        An event that cannot be sent holds up its own stream only. The client gives up with it whatever else it was
        sending, so what was refused is sent once more, one by one: the innocent go, and the stream of the other is
        held. `waiting` is called about every second while Kafka lets us wait. Raises nothing of Kafka's: what failed
        is simply not among the acknowledged, and is logged.
        """
        held = set(self.held())
        wanted = [event for event in events if event.stream not in held]
        acknowledged, failures = self._attempt([one for one in wanted if one.stream not in self._holds], waiting)
        refused = [failure.event for failure in failures.values() if isinstance(failure.error, UNSENDABLE)]
        again = _first_of_each_stream(one for one in wanted if one.stream in self._holds)
        for event in (*refused, *again):
            acknowledged += self._alone(event, waiting)
        return acknowledged

    def _alone(self, event: Event, waiting: Waiting) -> list[Acknowledged]:
        acknowledged, failures = self._attempt([event], waiting)
        failure = failures.get(event.stream)
        if failure is not None and isinstance(failure.error, UNSENDABLE):
            self._hold(event.stream)
        elif acknowledged:
            self._holds.pop(event.stream, None)
        return acknowledged

    def _hold(self, stream: str) -> None:
        tried = self._holds[stream].failures if stream in self._holds else 0
        seconds = min(HOLD_SECONDS_AT_MOST, HOLD_SECONDS * 2**tried)
        self._holds[stream] = Hold(failures=tried + 1, until=time.monotonic() + seconds)

    def _attempt(self, events: Sequence[Event], waiting: Waiting) -> tuple[list[Acknowledged], Failures]:
        """What Kafka took, and the first failure within each stream."""
        if not events:
            return [], {}
        try:
            self._producer = self._producer or broker.producer()
        except KafkaError as error:
            logger.warning("Kafka does not answer: %s", error)
            return [], {}
        unsent: Failures = {}
        futures = self._send(self._producer, events, unsent, waiting)
        untaken: Failures = {}
        # One limit for all of them, which were sent together: a client that hangs is not waited for with each.
        deadline = time.monotonic() + SETTLED_SECONDS
        settled = (_settle(event, future, untaken, waiting, deadline) for event, future in futures)
        acknowledged = [done for done in settled if done is not None]
        failures = unsent | untaken
        if failures:
            self.close()
        return acknowledged, failures

    def _send(
        self, producer: KafkaProducer, events: Sequence[Event], failures: Failures, waiting: Waiting
    ) -> list[tuple[Event, Any]]:
        """Send what can be sent. A topic that does not take one event is not tried with the next, for each try takes
        seconds."""
        futures: list[tuple[Event, Any]] = []
        closed_topics: dict[str, KafkaError] = {}
        for event in events:
            if event.stream in failures:
                continue
            try:
                topic = schema_registry.newest(event.type).topic
                if topic in closed_topics:
                    failures[event.stream] = Failure(event=event, error=closed_topics[topic])
                    continue
                futures.append((event, _send_one(producer, topic, event)))
            except KafkaTimeoutError as error:
                logger.warning("Kafka takes nothing for %s: %s", topic, error)
                closed_topics[topic] = error
                failures[event.stream] = Failure(event=event, error=error)
                waiting()
            except (KafkaError, UnknownEventType) as error:
                logger.warning("%s v%d cannot be sent: %s", event.stream, event.version, error)
                failures[event.stream] = Failure(event=event, error=error)
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


def _first_of_each_stream(events: Iterable[Event]) -> list[Event]:
    found: dict[str, Event] = {}
    for event in events:
        found.setdefault(event.stream, event)
    return list(found.values())


def _send_one(producer: KafkaProducer, topic: str, event: Event) -> Any:
    return producer.send(
        broker.topic_name(topic),
        key=key_of(event.stream).encode(),
        value=envelope.to_json(event),
        headers=envelope.headers(event),
    )


def _settle(event: Event, future: Any, failures: Failures, waiting: Waiting, deadline: float) -> Acknowledged | None:
    """Wait for one answer until the deadline (monotonic).

    An event behind a failed one of its stream counts as failed: it will be sent again, after that one.
    """
    while not future.is_done and time.monotonic() < deadline:
        try:
            future.get(timeout=1.0)
        except KafkaTimeoutError:
            waiting()
        except KafkaError:
            break
    if event.stream in failures:
        return None
    try:
        metadata = future.get(timeout=0)
    except KafkaError as error:
        logger.warning("Kafka did not take %s v%d: %s", event.stream, event.version, error)
        failures[event.stream] = Failure(event=event, error=error)
        return None
    return Acknowledged(event_position=event.position, partition=metadata.partition, offset=metadata.offset)
