"""Topics as they are made, and kept, on a real broker."""

from contextlib import closing

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from eventsourcing import broker, topics
from users import events


def settings() -> dict[str, str]:
    """What the broker says of the topic `user`."""
    with closing(broker.admin()) as client:
        found = topics.settings_of(client, "user")
    if not found:
        pytest.skip("this broker tells no settings")
    return found


def test_the_topic_of_users_is_compacted_within_a_week(topic: str) -> None:
    found = settings()
    assert found["cleanup.policy"] == "compact"
    assert int(found["max.compaction.lag.ms"]) == 7 * 24 * 60 * 60 * 1000


def test_an_older_topic_is_brought_up_to_date_and_what_is_the_operators_stays(topic: str) -> None:
    settings()
    older = {"cleanup.policy": "delete", "max.compaction.lag.ms": "9223372036854775807", "segment.bytes": "1048576"}
    with closing(broker.admin()) as client:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, older)])
    assert settings()["cleanup.policy"] == "delete"
    assert topics.ensure([events.TOPIC]) == []
    found = settings()
    assert found["cleanup.policy"] == "compact"
    assert found["max.compaction.lag.ms"] == topics.WEEK_MS
    assert found["segment.bytes"] == "1048576"
