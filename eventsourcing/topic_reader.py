"""Reads what stands in a topic, outside of any consumer group: for comparisons, never for work."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing

from kafka import KafkaConsumer, TopicPartition

from eventsourcing import broker
from eventsourcing.consumer import Message, message_of

POLL_MS = 500
# A broker's word on where a topic ends is not to be had from every broker: what does not come for so long is not
# there.
QUIET_SECONDS = 5.0


def read(topic: str, upto: Mapping[int, int]) -> Iterator[Message]:
    """The messages of a topic from its beginning, of each partition at least those below an offset.

    Where some of them are not there, what is. Raises kafka.errors.KafkaError where no broker answers.
    """
    ends = {TopicPartition(broker.topic_name(topic), number): offset for number, offset in upto.items() if offset > 0}
    if not ends:
        return
    with closing(_client()) as client:
        client.assign(list(ends))
        client.seek_to_beginning(*ends)
        heard = time.monotonic()
        while any(client.position(place) < end for place, end in ends.items()):
            batches = client.poll(timeout_ms=POLL_MS)
            heard = time.monotonic() if batches else heard
            if time.monotonic() - heard > QUIET_SECONDS:
                return
            for records in batches.values():
                for record in records:
                    yield message_of(record, topic)


def ends(topic: str) -> dict[int, int]:
    """By partition, where the topic ends, as the broker says. Raises kafka.errors.KafkaError where none answers."""
    with closing(_client()) as client:
        name = broker.topic_name(topic)
        places = [TopicPartition(name, number) for number in sorted(client.partitions_for_topic(name) or ())]
        return {place.partition: end for place, end in client.end_offsets(places).items()}


def _client() -> KafkaConsumer:
    return KafkaConsumer(
        **broker.connection_settings(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        bootstrap_timeout_ms=5_000,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def committed(group: str, topic: str) -> dict[int, int]:
    """By partition, up to where a consumer group has read a topic."""
    with closing(broker.consumer(group)) as client:
        name = broker.topic_name(topic)
        places = [TopicPartition(name, number) for number in sorted(client.partitions_for_topic(name) or ())]
        return {place.partition: client.committed(place) or 0 for place in places}
