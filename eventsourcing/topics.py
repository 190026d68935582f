"""Topics: made by our command only, with what matters about them stated; and which making of a topic it is.

A topic that was deleted and made again has another id (KIP-516). Whoever remembers the id sees it, and knows that
offsets it remembers mean nothing any more.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAlreadyExistsError,
    UnsupportedVersionError,
)

from config import environment
from eventsourcing import broker

logger = logging.getLogger(__name__)
Present = Mapping[str, UUID]
FOREVER = "-1"
WEEK_MS = str(7 * 24 * 60 * 60 * 1000)


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic that a service owns, and its settings on the broker (Kafka's names)."""

    name: str
    settings: Mapping[str, str] = field(default_factory=lambda: {"retention.ms": FOREVER, "cleanup.policy": "delete"})


# Compacted: the last event of each key stays, for ever: what ends a key is a message with a value, which no
# `delete.retention.ms` takes away, so that whoever comes late hears of it. The lag is bounded: within a week, and the
# next message of the partition (Kafka closes a segment when it writes), a deletion has replaced what came before it.
COMPACTED = {"cleanup.policy": "compact", "max.compaction.lag.ms": WEEK_MS, "min.cleanable.dirty.ratio": "0.1"}

_owned: dict[str, Topic] = {}


def register(*topics: Topic) -> None:
    """Declare topics that this service owns."""
    _owned.update({topic.name: topic for topic in topics})


def owned() -> list[Topic]:
    """The topics that this service owns."""
    return list(_owned.values())


def ensure(topics: Sequence[Topic], *, attempts: int = 20) -> list[str]:
    """Make those of the topics that are missing; the names of those made. Waits until they have leaders.

    Of existing ones the settings that are stated here are brought up to date, for promises rest on them; others are
    the operator's, and partitions must never be changed in place. Raises KafkaError where the broker does not answer.
    """
    client = broker.admin()
    try:
        missing = [topic for topic in topics if _make(client, topic)]
        client.wait_for_topics([broker.topic_name(topic.name) for topic in topics], timeout_ms=attempts * 1000)
        for topic in topics:
            if topic not in missing:
                _bring_up_to_date(client, topic)
    finally:
        client.close()
    return [topic.name for topic in missing]


def _make(client: KafkaAdminClient, topic: Topic) -> bool:
    wanted = {
        "num_partitions": environment.integer("TOPIC_PARTITIONS"),
        "replication_factor": environment.integer("TOPIC_REPLICATION"),
        "configs": dict(topic.settings),
    }
    try:
        client.create_topics({broker.topic_name(topic.name): wanted})
    except TopicAlreadyExistsError:
        return False
    return True


def _bring_up_to_date(client: KafkaAdminClient, topic: Topic) -> None:
    name = broker.topic_name(topic.name)
    wrong = outdated(client, topic)
    if not wrong:
        return
    resource = ConfigResource(ConfigResourceType.TOPIC, name, wrong)
    outcome = client.alter_configs([resource])["topic"][name]
    logger.warning("Topic %s: %s brought up to date: %s", name, ", ".join(sorted(wrong)), outcome)


def outdated(client: KafkaAdminClient, topic: Topic) -> dict[str, str]:
    """The stated settings that the topic does not have on the broker. Of one that tells of no settings, none: Tansu,
    the understudy of the desktop run, lets none be changed either. Raises KafkaError."""
    present = settings_of(client, topic.name)
    return {key: value for key, value in topic.settings.items() if present and present.get(key) != value}


def settings_of(client: KafkaAdminClient, topic: str) -> dict[str, str]:
    """The settings that a topic has on the broker, defaults too; none where the broker does not tell.

    Raises KafkaError where it does not answer.
    """
    name = broker.topic_name(topic)
    try:
        found = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)], config_filter="all")
    except (UnsupportedVersionError, IncompatibleBrokerVersion):
        return {}
    return {key: str(entry["value"]) for key, entry in found.get("topic", {}).get(name, {}).items()}


# Shorter than the silence after which another relay takes over: a broker that is away is no reason for that.
ASK_TIMEOUT_MS = 3_000


class TopicIds:
    """The present ids of some topics, asked from the broker at most every `every` seconds."""

    def __init__(self, topics: Sequence[str], *, every: float = 5.0) -> None:
        self._topics, self._every = list(topics), every
        self._client: KafkaAdminClient | None = None
        self._due = 0.0
        self._known: dict[str, UUID] = {}

    def current(self) -> Present:
        """By topic (without prefix), its id; without those that do not exist. Raises KafkaError."""
        if time.monotonic() >= self._due:
            self._known = self._ask()
            self._due = time.monotonic() + self._every
        return self._known

    def afresh(self) -> Present:
        """The same, asked now, however lately it was asked before. Raises KafkaError."""
        self.expire()
        return self.current()

    def expire(self) -> None:
        """The next look asks."""
        self._due = 0.0

    def _ask(self) -> dict[str, UUID]:
        self._client = self._client or broker.admin(timeout_ms=ASK_TIMEOUT_MS)
        names = {broker.topic_name(topic): topic for topic in self._topics}
        try:
            described = self._client.describe_topics(list(names))
        except KafkaError:
            self.close()
            raise
        # The broker gives them as UUIDs, through the client's dictionaries as text.
        return {names[entry["name"]]: UUID(str(entry["topic_id"])) for entry in described if not entry["error_code"]}

    def close(self) -> None:
        """Give the connection back; the next look opens another, and asks."""
        self.expire()
        if self._client is not None:
            self._client.close()
            self._client = None
