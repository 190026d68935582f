"""The log anew from Kafka: for when the log is lost, but not the offsets up to which its consumers have read.

Reads each partition from its beginning up to what the group has committed; what comes behind that, the consumers read
themselves. They wait meanwhile, so that old events do not come behind new ones of their stream: a lock that they must
share is held alone, by a session. If this process dies, the session ends, and they go on at once.

How far it is stands in the database, behind what is stored: a refill that was killed goes on there.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition

from eventsourcing import broker, consumer, direct
from eventsourcing.topicmemory import TopicMemory
from eventsourcing.topics import TopicIds
from recommendations import log
from recommendations.models import Refill
from recommendations.pace import Pace

logger = logging.getLogger(__name__)
Progress = Callable[[int], None]
POLL_MS, TIMEOUT_MS = 500, 10_000
LOCK_SECONDS = 15.0
# So long nothing comes that was committed once: then Kafka does not answer, or has lost it.
SILENCE_SECONDS = 30.0
# Without the handler's look at the lock, which is held here.
SUBSCRIPTION = replace(log.SUBSCRIPTION, handler=log.append)


class Unready(Exception):
    """It cannot go on now; the message says why. Run again, it goes on where it was."""


@contextmanager
def alone() -> Iterator[direct.Connection]:
    """No consumer appends to the log inside, as long as this session lives. Raises Unready where another refill is
    under way."""
    with closing(direct.connect("refill")) as session:
        deadline = time.monotonic() + LOCK_SECONDS
        while not direct.fetch(session, "SELECT pg_try_advisory_lock(%s, 0)", [log.REFILL_LOCK])[0][0]:
            if time.monotonic() > deadline:
                raise Unready("Another one is under way.")
            time.sleep(0.1)
        yield session


def begun() -> bool:
    """Whether one was begun, and its graph not made yet."""
    return Refill.objects.exists()


def end() -> None:
    """The graph was made: nothing is left to go on with."""
    Refill.objects.all().delete()


def refill(*, rate: float = 0, progress: Progress = lambda done: None) -> None:
    """Carry a refill through, or go on with one. `rate`: events a second, 0 for no limit.

    Raises Unready, KafkaError and the database's errors; after that, and after a kill, calling it again goes on.
    """
    pace = Pace(rate)
    with alone() as session, closing(broker.consumer(log.SUBSCRIPTION.name)) as client:
        _forget_what_was_lost_again()
        # Again, until the group has no more than what was read: a commit may have been under way.
        while left := _plan(client):
            for records in _records(client, left):
                for first in range(0, len(records), pace.batch):
                    piece = records[first : first + pace.batch]
                    # Whoever has lost it is not alone any more.
                    direct.fetch(session, "SELECT 1")
                    _keep(piece)
                    progress(len(piece))
                    pace.keep(len(piece))


def _forget_what_was_lost_again() -> None:
    """A refill that was stopped may have filled a log that is gone too."""
    ends = log.ends()
    for row in Refill.objects.all():
        if log.Place(row.topic, row.partition) not in ends:
            row.delete()


def _plan(client: KafkaConsumer) -> list[Refill]:
    """What is left to read of each partition."""
    plan = []
    for topic, topic_id in _topics().items():
        name = broker.topic_name(topic)
        for partition in sorted(client.partitions_for_topic(name) or ()):
            until = _committed(client, TopicPartition(name, partition), topic_id)
            row, _ = Refill.objects.get_or_create(
                topic=topic, partition=partition, defaults={"topic_id": topic_id, "until": until}
            )
            if row.topic_id != topic_id:
                row.topic_id, row.next_offset = topic_id, 0
            row.until = until
            row.save()
            plan.append(row)
    return [row for row in plan if row.next_offset < row.until]


def _topics() -> dict[str, UUID]:
    ids = TopicIds(log.SUBSCRIPTION.topics)
    present = dict(ids.current())
    ids.close()
    # In a new database nobody has seen them yet; log entries say which making they came from.
    TopicMemory(log.CONSUMER).changed(present)
    missing = set(log.SUBSCRIPTION.topics) - set(present)
    if missing:
        raise Unready(f"Kafka does not have the topics {', '.join(sorted(missing))}.")
    return present


def _committed(client: KafkaConsumer, place: TopicPartition, topic_id: UUID) -> int:
    found = client.committed(place, metadata=True, timeout_ms=TIMEOUT_MS)
    # Without metadata (set by hand, or a broker that keeps none) it is taken for one of the present topic.
    if found is None or (found.metadata and found.metadata != str(topic_id)):
        # Never read, or read of a topic that is gone: the consumers begin at the beginning by themselves.
        return 0
    return int(found.offset)


def _records(client: KafkaConsumer, left: Sequence[Refill]) -> Iterator[list[Any]]:
    """What the partitions have up to their ends, each list of one partition. Raises Unready."""
    open_rows = {TopicPartition(broker.topic_name(row.topic), row.partition): row for row in left}
    client.assign(list(open_rows))
    # The client remembers which it was told to leave, in a round before.
    client.resume(*open_rows)
    for place, row in open_rows.items():
        client.seek(place, row.next_offset)
    heard = time.monotonic()
    while open_rows:
        for place, records in client.poll(timeout_ms=POLL_MS).items():
            row = open_rows[place]
            yield [record for record in records if record.offset < row.until]
            _advance(row, min(records[-1].offset + 1, row.until))
            heard = time.monotonic()
        for place in [place for place, row in open_rows.items() if _done(client, place, row)]:
            del open_rows[place]
            client.pause(place)
        if time.monotonic() - heard > SILENCE_SECONDS:
            raise Unready(f"Kafka gives nothing more of {', '.join(map(str, open_rows.values()))}.")


def _advance(row: Refill, offset: int) -> None:
    row.next_offset = max(row.next_offset, offset)
    row.save(update_fields=["next_offset"])


def _done(client: KafkaConsumer, place: TopicPartition, row: Refill) -> bool:
    """Whether all was read. The last offsets may have no record any more: compaction leaves gaps."""
    end = client.highwater(place)
    if row.next_offset < row.until and end is not None and client.position(place) >= min(end, row.until):
        logger.warning("%s ends at %d although %d was committed", place, end, row.until)
        _advance(row, row.until)
    return row.next_offset >= row.until


def _keep(records: Sequence[Any]) -> None:
    topic = records[0].topic.removeprefix(broker.topic_name(""))
    consumer.handle(SUBSCRIPTION, [consumer.message_of(record, topic) for record in records])
