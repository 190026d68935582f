"""What a compacted topic holds of a stream that is erased.

Messages with names before its end wait for compaction; one behind it would stay for ever: compaction keeps the last.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from eventsourcing import broker, envelope, schema_registry, topics, wakeup
from eventsourcing.envelope import Malformed
from eventsourcing.event import key_of
from eventsourcing.proof import Finding, Unreachable
from service import clock

ENDING = """
SELECT o.partition, o."offset", o.topic_id, o.published_at
FROM events e JOIN outbox o USING (position)
WHERE e.stream = %s AND e.type = ANY(%s)
"""
SEND_AGAIN = """
UPDATE outbox SET published_at = NULL
WHERE position = (SELECT position FROM events WHERE stream = %s AND type = ANY(%s))
RETURNING position
"""
# A broker that cannot tell a partition's end (Tansu) is read until it has been silent for so long.
SILENCE_SECONDS, STUCK_SECONDS, POLL_MS = 1.0, 10.0, 250


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message of the key: where it stands, when it was written, whether it has names, whether it is the end."""

    offset: int
    written_at: datetime
    names: bool
    ends: bool


def probe(stream: str, *, topic: topics.Topic) -> Finding:
    """The messages of the stream's key, up to the partition's present end. Raises Unreachable."""
    ending = _ending(stream)
    if ending is None or ending[3] is None:
        return Finding(store=_name(topic), looked_at="the outbox", found="no deletion that was sent yet")
    partition, offset, topic_id, _ = ending
    try:
        present = _present_id(topic)
        if present is None:
            raise Unreachable("there is no such topic on this broker")
        if present != topic_id:
            return Finding(store=_name(topic), looked_at="the topic's id", found="another topic than it was sent to")
        with closing(broker.admin()) as client:
            wrong = topics.outdated(client, topic)
        said = list(_messages(TopicPartition(broker.topic_name(topic.name), partition), key_of(stream), offset))
    except KafkaError as error:
        raise Unreachable(f"Kafka does not answer: {type(error).__name__}") from error
    return _judged(topic, partition, said, wrong)


def send_again(stream: str) -> str:
    """Have the relay send the end of the stream again, as the last message of its key."""
    with connection.cursor() as cursor:
        cursor.execute(SEND_AGAIN, [stream, sorted(schema_registry.erasures())])
        done = cursor.fetchone() is not None
    if done:
        wakeup.announce()
    return f"The deletion of {stream} will be sent to Kafka again." if done else ""


def _judged(topic: topics.Topic, partition: int, said: Sequence[Said], wrong: Mapping[str, str]) -> Finding:
    end = max((one.offset for one in said if one.ends), default=-1)
    lag = timedelta(milliseconds=int(topic.settings["max.compaction.lag.ms"]))
    before = [one for one in said if one.names and one.offset < end]
    late = sum(one.names for one in said if one.offset > end)
    overdue = sum(one.written_at + lag < clock.now() for one in before)
    found = [
        "" if end >= 0 else "no deletion among the messages",
        f"{late} messages with names behind the deletion" if late else "",
        f"{overdue} messages with names that compaction should have taken" if overdue else "",
        f"{', '.join(sorted(wrong))} not as stated: ./manage.py users topics" if wrong else "",
    ]
    waiting = [one.written_at + lag for one in before]
    return Finding(
        store=_name(topic),
        looked_at=f"{len(said)} messages in partition {partition}",
        found=", ".join(filter(None, found)),
        awaits=f"compaction of {len(waiting)} messages with names, until {clock.iso(max(waiting))}"
        if waiting and not overdue
        else "",
    )


def _name(topic: topics.Topic) -> str:
    return f"kafka topic {broker.topic_name(topic.name)}"


def _ending(stream: str) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(ENDING, [stream, sorted(schema_registry.erasures())])
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found


def _present_id(topic: topics.Topic) -> Any:
    ids = topics.TopicIds([topic.name])
    try:
        return ids.current().get(topic.name)
    finally:
        ids.close()


@contextmanager
def _reading(place: TopicPartition) -> Iterator[KafkaConsumer]:
    with closing(broker.reader()) as client:
        client.assign([place])
        client.seek_to_beginning(place)
        yield client


def _messages(place: TopicPartition, key: str, at_least: int) -> Iterator[Said]:
    """The messages of a key up to the partition's present end, which is behind the offset `at_least`.

    Raises Unreachable where it cannot be reached.
    """
    with _reading(place) as client:
        end, heard = max(client.end_offsets([place])[place], at_least + 1), time.monotonic()
        while (before := client.position(place)) < end or time.monotonic() < heard + SILENCE_SECONDS:
            for records in client.poll(timeout_ms=POLL_MS).values():
                yield from (_said(record) for record in records if record.key == key.encode())
            if before < end and client.position(place) > before:
                heard = time.monotonic()
            elif before < end and time.monotonic() > heard + STUCK_SECONDS:
                raise Unreachable(f"partition {place.partition} ends at {end} and cannot be read beyond {before}")


def _said(record: Any) -> Said:
    written_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    try:
        event = envelope.from_json(record.value)
    except Malformed:
        # Whatever it is, nobody can say that no name is in it.
        return Said(offset=record.offset, written_at=written_at, names=True, ends=False)
    personal = {member for one in schema_registry.all_types() for member in one.personal} | set(event.personal)
    return Said(
        offset=record.offset,
        written_at=written_at,
        names=any(event.subject.get(name) is not None for name in personal),
        ends=event.event_type in schema_registry.erasures(),
    )
