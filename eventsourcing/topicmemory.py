"""Which making of each topic a consumer has read. A client that only remembers offsets skips events in silence when
a topic is made anew; this one is told to begin again."""

from uuid import UUID

from eventsourcing.models import ConsumerTopic
from eventsourcing.topics import Present


class TopicMemory:
    """What one consumer process has seen, and, for the process after it, what the consumer has.

    Each process compares with what it saw itself: when several share the partitions, each must begin its own again.
    """

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._seen: dict[str, UUID] | None = None

    def changed(self, present: Present) -> Present:
        """Those of the present topics that were made anew; those seen for the first time are remembered."""
        if self._seen is None:
            stored = ConsumerTopic.objects.filter(consumer=self._consumer)
            self._seen = dict(stored.values_list("topic", "topic_id"))
        self.remember({topic: topic_id for topic, topic_id in present.items() if topic not in self._seen})
        return {topic: topic_id for topic, topic_id in present.items() if self._seen[topic] != topic_id}

    def reads(self, topic: str) -> str:
        """The id of the making that is read, as text; empty where the topic was not there yet."""
        return str((self._seen or {}).get(topic, ""))

    def remember(self, topics: Present) -> None:
        """Keep these ids as the ones that are read."""
        for topic, topic_id in topics.items():
            ConsumerTopic.objects.update_or_create(
                consumer=self._consumer, topic=topic, defaults={"topic_id": topic_id}
            )
        self._seen = {**(self._seen or {}), **topics}
