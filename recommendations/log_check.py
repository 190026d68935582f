"""Is the log of one piece, and does it have what Kafka told? Part of `./manage.py recommendations verify`.

The log is immutable, so what is missing can only be put back where nothing stands: into a gap of its partition, else
behind its end. The graph is compared with the log after that.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from django.db import connection, transaction

from eventsourcing import erasure, integrity, topic_reader
from eventsourcing.consumer import Message
from eventsourcing.envelope import Envelope
from eventsourcing.integrity import Finding
from recommendations import log
from recommendations.events import TOPICS
from recommendations.log import CONSUMER

GAPS = """
SELECT topic, partition, before + 1, position - 1
FROM (SELECT topic, partition, position,
             coalesce(lag(position) OVER (PARTITION BY topic, partition ORDER BY position), 0) AS before
      FROM log) AS places
WHERE position > before + 1 ORDER BY topic, partition, position
"""
ORPHANS = "SELECT event_id FROM log_personal p WHERE NOT EXISTS (SELECT FROM log l WHERE l.event_id = p.event_id)"
FORGET = "DELETE FROM log_personal WHERE event_id = %s"
# Where a stream was erased, nobody misses them.
WITHOUT_PERSONAL = """
SELECT event_id, stream, stream_version FROM log l
WHERE l.personal <> '{}' AND NOT EXISTS (SELECT FROM log_personal p WHERE p.event_id = l.event_id)
  AND NOT EXISTS (SELECT FROM erased_streams s WHERE s.stream = l.stream)
ORDER BY id
"""
REMEMBER = "INSERT INTO log_personal (event_id, data) VALUES (%s, %s::jsonb) ON CONFLICT DO NOTHING"
# What somebody discarded, or what waits among the dead letters, is not missing.
KNOWN = """
SELECT event_id FROM log WHERE event_id = ANY(%(ids)s)
UNION SELECT event_id FROM dead_letters WHERE event_id = ANY(%(ids)s) AND consumer = %(consumer)s
"""
PUT_BACK = "`verify --topics --repair` takes it from Kafka where it still has it; else replay it from its service."
CHUNK = 1000


def verify() -> Iterator[Finding]:
    """What the log's own tables lack."""
    for topic, partition, first, last in _rows(GAPS):
        places = f"position {first} is" if first == last else f"positions {first} to {last} are"
        yield Finding(what=f"log of {topic}, partition {partition}: {places} missing", advice=PUT_BACK)
    for event_id, stream, version in _rows(WITHOUT_PERSONAL):
        what = f"log: the personal members of {stream} v{version} ({event_id}) are missing"
        yield Finding(what=what, advice=PUT_BACK)
    for (event_id,) in _rows(ORPHANS):
        what = f"log: personal members of {event_id}, of which it has no event"
        yield Finding(what=what, heal=partial(integrity.execute, FORGET, [event_id]))


def verify_topics() -> Iterator[Finding]:
    """What Kafka has told, and the log has not: as far as the consumer has read. Raises KafkaError."""
    incomplete = {row[0] for row in _rows(WITHOUT_PERSONAL)}
    for topic in TOPICS:
        read = topic_reader.committed(CONSUMER, topic)
        chunk: list[Message] = []
        for message in topic_reader.read(topic, read):
            if message.envelope is not None and message.offset < read.get(message.partition, 0):
                chunk.append(message)
            if len(chunk) == CHUNK:
                yield from _compare(chunk, incomplete)
                chunk = []
        yield from _compare(chunk, incomplete)


def _compare(messages: Sequence[Message], incomplete: set[object]) -> Iterator[Finding]:
    by_id = {found.event_id: (message, found) for message in messages if (found := message.envelope) is not None}
    known = {row[0] for row in _rows(KNOWN, {"ids": list(by_id), "consumer": CONSUMER})}
    for event_id, (message, found) in by_id.items():
        if event_id not in known:
            yield Finding(
                what=f"log: {found.stream} v{found.stream_version} is missing, Kafka has told it",
                heal=partial(put_back, message),
            )
        elif event_id in incomplete and (members := _personal(found)):
            yield Finding(
                what=f"log: the personal members of {found.stream} v{found.stream_version} are in Kafka",
                heal=partial(_remember, found, members),
            )


def _personal(event: Envelope) -> str:
    members: Mapping[str, object] = {name: event.subject[name] for name in event.personal if name in event.subject}
    return orjson.dumps(members).decode() if members else ""


@transaction.atomic
def _remember(event: Envelope, members: str) -> None:
    """Put personal members back, unless an erasure came meanwhile."""
    erasure.hold()
    if not erasure.noted({event.stream}):
        integrity.execute(REMEMBER, [event.event_id, members])


@transaction.atomic
def put_back(message: Message) -> None:
    """Append an event that the log lacks: into the first gap of its partition, else behind its end."""
    erasure.hold()
    with connection.cursor() as cursor:
        cursor.execute(log.LOCK, log.lock_numbers(message.topic, message.partition))
    gaps = [first for topic, partition, first, _ in _rows(GAPS) if (topic, partition) == _place(message)]
    log.append([message], after=int(str(gaps[0])) - 1 if gaps else None)


def _place(message: Message) -> tuple[object, object]:
    return message.topic, message.partition


def _rows(statement: str, values: Any = None) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[object, ...]] = cursor.fetchall()
        return rows
