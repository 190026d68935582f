"""The consumer: takes events off Kafka and hands them to a service's handler, at least once and in order per key.

What the handler stores is committed first, the offset after: a crash in between repeats, it never skips.
"""

import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import Error as DatabaseError
from django.db import (
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    close_old_connections,
    transaction,
)
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.errors import CommitFailedError, IllegalGenerationError, KafkaError, RebalanceInProgressError
from kafka.structs import OffsetAndMetadata

from eventsourcing import broker, deadletters, envelope, erasure, metrics
from eventsourcing.deadletters import Letter, said_by
from eventsourcing.envelope import Envelope, Malformed
from eventsourcing.erasure import Erasure
from eventsourcing.topicmemory import TopicMemory
from eventsourcing.topics import TopicIds
from service import clock, tracing
from service.runner import Heartbeat, Stopper

logger = logging.getLogger(__name__)
POLL_MS = 500
COMMIT_TIMEOUT_MS = 5_000
BACKOFF_SECONDS = 5.0
MAX_KEY = 300


class Transient(Exception):
    """Raised by a handler: not the event's fault, try the same again later."""


# A statement that the database does not understand or may not run is the deployment's fault (a migration, a grant):
# parking every event for it would hold up everybody.
TRANSIENT = (Transient, OperationalError, InterfaceError, ProgrammingError, InternalError)
# The partition is somebody else's by now; who has it will read the batch again.
LOST_PARTITION = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message: where it stood, its bytes, and the event in it (None, with the error, where there is none)."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    envelope: Envelope | None
    error: Malformed | None = None

    @property
    def identity(self) -> UUID:
        """The event's id; of what is no event, one made of all that it is: delivered again it is the same."""
        if self.envelope is not None:
            return self.envelope.event_id
        return uuid5(NAMESPACE_OID, f"{self.topic}\n{self.key}\n{hashlib.sha256(self.value).hexdigest()}")

    @property
    def erasure(self) -> Erasure | None:
        """What the event says of its stream, if it is that it is erased."""
        if self.envelope is None or not erasure.told_by(self.envelope):
            return None
        return Erasure(stream=self.envelope.stream, topic=self.topic, key=self.key, event_id=self.envelope.event_id)

    def letter(self) -> Letter:
        """The message as a dead letter."""
        return Letter(
            topic=self.topic,
            partition=self.partition,
            offset=self.offset,
            key=self.key,
            value=self.value,
            event_id=self.identity,
        )


Handler = Callable[[Sequence[Message]], None]
Batches = Mapping[TopicPartition, Sequence[Any]]


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What a service consumes: a name (its consumer group), topics, and a handler.

    The handler gets events of one partition in order, inside one transaction, maybe again: it must be idempotent. It
    raises Transient when the same will work later; anything else it raises on a single event parks that event's key.
    An event that erases its stream does not wait behind a parked one: it may come before older ones, and once more.
    `after_commit` is called when something was stored. `lacks` tells whether nothing of a topic's partition is
    stored: one that was read before is then read again from its beginning.
    """

    name: str
    topics: tuple[str, ...]
    handler: Handler
    after_commit: Callable[[], None] = lambda: None
    lacks: Callable[[str, int], bool] = lambda topic, partition: False


_subscriptions: dict[str, Subscription] = {}


def register(*subscriptions: Subscription) -> None:
    """Declare what this service consumes, and how its dead letters are retried."""
    for one in subscriptions:
        _subscriptions[one.name] = one
        deadletters.register(one.name, partial(_retry, one))


def _retry(subscription: Subscription, letter: Letter) -> None:
    message = message_of_letter(letter)
    if message.error is not None:
        raise message.error
    subscription.handler([message])
    transaction.on_commit(subscription.after_commit)


def all_subscriptions() -> list[Subscription]:
    """What this service consumes."""
    return list(_subscriptions.values())


def handle(subscription: Subscription, messages: Sequence[Message]) -> None:
    """Store a batch in one transaction; where that fails, event by event, so that only the poison is parked.

    What says that a stream is erased is noted first and for itself, whatever becomes of the batch.
    Raises what is transient; nothing of the batch may then be taken for stored.
    """
    erasure.note([message.erasure for message in messages if message.erasure])
    try:
        with transaction.atomic():
            _handle_unparked(subscription, messages)
    except TRANSIENT:
        raise
    except Exception as error:  # noqa: BLE001 -- found again below, event by event, and parked there
        logger.warning("%s: a batch failed, going event by event: %s", subscription.name, said_by(error))
        for message in messages:
            _handle_alone(subscription, message)
    subscription.after_commit()


def _handle_unparked(subscription: Subscription, messages: Sequence[Message]) -> None:
    parked = deadletters.parked(subscription.name, (message.key for message in messages))
    given_up = deadletters.discarded(subscription.name, (message.identity for message in messages))
    good: list[Message] = []
    for message in messages:
        if message.identity in given_up:
            continue
        if message.key in parked:
            deadletters.queue(subscription.name, message.letter())
            if message.erasure:
                good.append(message)
        elif message.error is not None:
            raise message.error
        else:
            good.append(message)
    if good:
        subscription.handler(good)


def _handle_alone(subscription: Subscription, message: Message) -> None:
    try:
        with transaction.atomic():
            _handle_unparked(subscription, [message])
    except TRANSIENT:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever a handler raises makes a dead letter of its event
        deadletters.park(subscription.name, message.letter(), error)


def message_of(record: Any, topic: str) -> Message:
    """A Kafka record as a message; `topic` without the prefix."""
    key = record.key.decode("utf-8", "replace") if record.key is not None else f"{record.partition}:{record.offset}"
    return _message(topic, record.partition, record.offset, key, record.value or b"")


def message_of_letter(letter: Letter) -> Message:
    """A dead letter as the message that it was."""
    return _message(letter.topic, letter.partition, letter.offset, letter.key, letter.value)


def storable_key(key: str) -> str:
    """A key that the database can keep and find again: itself, unless it has NUL or is longer than MAX_KEY."""
    if len(key) <= MAX_KEY and "\0" not in key:
        return key
    return f"{key[:200].replace(chr(0), chr(0xFFFD))}…{hashlib.sha256(key.encode()).hexdigest()}"


def _message(topic: str, partition: int, offset: int, key: str, value: bytes) -> Message:
    found: Envelope | None = None
    problem: Malformed | None = None
    try:
        found = envelope.from_json(value)
    except Malformed as error:
        problem = error
    return Message(
        topic=topic,
        partition=partition,
        offset=offset,
        key=storable_key(found.key if found else key),
        value=value,
        envelope=found,
        error=problem,
    )


class _Checked(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """Partitions whose committed offset was looked at since they were last assigned."""

    def __init__(self) -> None:
        self.places: set[TopicPartition] = set()

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Whoever has them next may commit: look again."""
        self.places.difference_update(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Look at these."""
        self.places.difference_update(assigned)


def _to_beginning(client: KafkaConsumer, places: Sequence[TopicPartition]) -> None:
    # Without any, the client would take all that it is assigned.
    if places:
        client.seek_to_beginning(*places)


def _back_to(client: KafkaConsumer, place: TopicPartition, offset: int) -> None:
    if place in client.assignment():
        client.seek(place, offset)


def _trace(group: str, messages: Sequence[Message], began: int) -> None:
    received = (message.envelope for message in messages if message.envelope)
    traced = (tracing.Traced(one.metadata.traceparent, one.event_type, one.stream) for one in received)
    kafka = {"messaging.system": "kafka", "messaging.consumer.group.name": group}
    tracing.record("receive", tracing.CONSUMER, traced, began, kafka)


class Consumer:
    """Consumes one subscription until stopped. Several may run: Kafka shares the partitions among them."""

    def __init__(self, subscription: Subscription, *, stopper: Stopper, heartbeat: Heartbeat) -> None:
        self._subscription, self._stopper, self._heartbeat = subscription, stopper, heartbeat
        self._names = {broker.topic_name(topic): topic for topic in subscription.topics}
        self._topic_ids = TopicIds(subscription.topics)
        self._memory = TopicMemory(subscription.name)
        self._failures = 0
        # When the first was published of what was taken off Kafka and is not committed, by partition.
        self._held: dict[TopicPartition, float] = {}
        metrics.consumer_begins(subscription.name, subscription.topics)
        metrics.CONSUMER_LAG.labels(subscription.name).set_function(self._lag)

    def run(self) -> None:
        """Serve; brokers and database that are away are waited for."""
        while not self._stopper.stopping:
            try:
                self._serve()
            except KafkaError as error:
                self._back_off(f"Kafka does not answer: {error}")
        self._topic_ids.close()

    def _lag(self) -> float:
        """Seconds; asked by whoever scrapes, in another thread."""
        held = list(self._held.values())
        return max(0.0, time.time() - min(held)) if held else 0.0

    def _hold(self, client: KafkaConsumer, batches: Batches) -> None:
        for place in self._held.keys() - client.assignment():
            del self._held[place]
        for place, records in batches.items():
            self._held.setdefault(place, records[0].timestamp / 1000)

    def _serve(self) -> None:
        client = broker.consumer(self._subscription.name)
        checked = _Checked()
        try:
            client.subscribe(list(self._names), listener=checked)
            while not self._stopper.stopping:
                self._heartbeat.beat()
                # Before the poll: what was polled has moved the positions, and must not be dropped.
                if self._knows_topics(client):
                    batches = client.poll(timeout_ms=POLL_MS)
                    self._hold(client, batches)
                    self._take(client, self._from_this_making(client, checked, batches))
        finally:
            client.close(autocommit=False, timeout_ms=3_000)

    def _knows_topics(self, client: KafkaConsumer) -> bool:
        """Whether it is known which making of each topic is read. One made anew is read from its beginning."""
        try:
            changed = self._memory.changed(self._topic_ids.current())
            if changed:
                for topic in changed:
                    metrics.MADE_ANEW.labels(topic).inc()
                names = {broker.topic_name(topic) for topic in changed}
                _to_beginning(client, [place for place in client.assignment() if place.topic in names])
                self._memory.remember(changed)
        except TRANSIENT as error:
            close_old_connections()
            self._back_off(f"the database does not answer: {error}")
            return False
        return True

    def _from_this_making(self, client: KafkaConsumer, checked: "_Checked", batches: Batches) -> Batches:
        """The batches, without those that were read behind an offset that means nothing any more.

        Such a partition is sought to its beginning. Looked at once for each assignment.
        """
        new = [place for place in client.assignment() if place not in checked.places]
        try:
            stale = [place for place in new if self._committed_for_nothing(client, place)]
        except TRANSIENT as error:
            for place, records in batches.items():
                self._rewind(client, place, records[0].offset, error)
            return {}
        _to_beginning(client, stale)
        checked.places.update(new)
        return {place: records for place, records in batches.items() if place not in stale}

    def _committed_for_nothing(self, client: KafkaConsumer, place: TopicPartition) -> bool:
        """Whether the offset was committed for an earlier making of the topic, or for what is not stored any more."""
        committed = client.committed(place, metadata=True, timeout_ms=COMMIT_TIMEOUT_MS)
        # Without metadata it was an operator's hand: that is meant as it is.
        if not committed or not committed.metadata:
            return False
        if committed.metadata != self._making(place):
            return True
        if not committed.offset or not self._subscription.lacks(self._names[place.topic], place.partition):
            return False
        logger.warning(
            "%s: nothing of %s is stored although it was read up to %d: it is read again from its beginning",
            self._subscription.name,
            place,
            committed.offset,
        )
        # Before anything is stored: a crash after that must not leave the old offset beside a part of it.
        return self._commit(client, place, 0)

    def _making(self, place: TopicPartition) -> str:
        """Which making of its topic a partition is read of, for the metadata of its offsets."""
        return self._memory.reads(self._names[place.topic])

    def _take(self, client: KafkaConsumer, batches: Batches) -> None:
        """Store and commit what was polled; where a partition is lost, the rest is polled again."""
        left = dict(batches)
        while left:
            place, records = left.popitem()
            if not self._batch(client, place, records):
                for other, untouched in left.items():
                    _back_to(client, other, untouched[0].offset)
                return

    def _batch(self, client: KafkaConsumer, place: TopicPartition, records: Sequence[Any]) -> bool:
        """Store and commit one partition's records; False when it has become somebody else's."""
        messages = [message_of(record, self._names[record.topic]) for record in records]
        began = tracing.now()
        try:
            handle(self._subscription, messages)
        except (*TRANSIENT, DatabaseError) as error:
            self._rewind(client, place, records[0].offset, error)
            return True
        self._failures = 0
        self._count(messages)
        _trace(self._subscription.name, messages, began)
        return self._commit(client, place, records[-1].offset + 1)

    def _commit(self, client: KafkaConsumer, place: TopicPartition, offset: int) -> bool:
        """Say that a partition is stored up to an offset; False when it has become somebody else's."""
        try:
            committed = OffsetAndMetadata(offset, self._making(place), -1)
            client.commit({place: committed}, timeout_ms=COMMIT_TIMEOUT_MS)
        except LOST_PARTITION as error:
            logger.info("%s: %s is another's now: %s", self._subscription.name, place, error)
            self._held.pop(place, None)
            return False
        self._held.pop(place, None)
        return True

    def _count(self, messages: Sequence[Message]) -> None:
        """They are stored, and committed in the service's database."""
        now, name = clock.now(), self._subscription.name
        for message in messages:
            found = message.envelope
            metrics.RECEIVED.labels(name, metrics.known(found.event_type) if found else metrics.UNKNOWN).inc()
            if found is not None:
                metrics.CONSUMER_DELAY.labels(name).observe(max(0.0, (now - found.occurred_at).total_seconds()))

    def _rewind(self, client: KafkaConsumer, place: TopicPartition, offset: int, error: Exception) -> None:
        close_old_connections()
        _back_to(client, place, offset)
        self._back_off(f"{place} is tried again: {error}")

    def _back_off(self, why: str) -> None:
        """Wait with jitter, longer from failure to failure; well below the time after which Kafka would give the
        partitions to another (`max_poll_interval_ms`; heartbeats go on in the client's own thread)."""
        self._failures += 1
        metrics.CONSUMER_FAILURES.labels(self._subscription.name).inc()
        logger.warning("%s: %s", self._subscription.name, why)
        most = min(BACKOFF_SECONDS, 0.1 * 2 ** min(self._failures, 10))
        end = time.monotonic() + random.uniform(most / 2, most)  # noqa: S311 -- spreads retries, hides nothing
        while time.monotonic() < end and not self._stopper.wait(0.5 if end - time.monotonic() > 0.5 else 0.05):
            self._heartbeat.beat()
