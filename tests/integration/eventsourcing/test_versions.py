"""An event of an older version: it stays what it is wherever it stands, and is read as what it means now."""

from datetime import UTC, datetime

import pytest

from eventsourcing import history, rebuild, replay, schema_registry, store
from eventsourcing.models import StoredEvent
from eventsourcing.publisher import Publisher
from eventsourcing.schema_registry import SchemaViolation
from tests.integration.eventsourcing.conftest import SteppedRelay, published
from tests.support.feeds import walk
from tests.support.versions import ship_second_version
from users import commands, queries, user
from users.models import User
from users.state import STATE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> user.User:
    """Somebody whose first event was written before there was a second version."""
    created = commands.create_user(first_name="Ada", last_name="Lovelace")
    ship_second_version(monkeypatch)
    return created


def test_an_old_version_is_read_by_the_service_that_wrote_it(old: user.User) -> None:
    stream = user.stream_of(old.id)
    (event,) = store.load(stream)
    assert (event.schema_version, event.subject["lastName"]) == (2, "LOVELACE")
    assert history.entries(stream)[0]["subject"]["lastName"] == "LOVELACE"
    then = queries.get_user_as_of(old.id, datetime.now(UTC))
    assert then is not None
    assert then.last_name == "LOVELACE"
    # The row was made by the code of then.
    assert [str(one) for one in rebuild.verify(STATE)] == [f"{stream}: differs in last_name"]
    rebuild.rebuild(STATE)
    assert User.objects.get().last_name == "LOVELACE"
    assert list(rebuild.verify(STATE)) == []
    assert StoredEvent.objects.get().schema_version == 1


def test_a_new_event_is_written_in_the_newest_version(old: user.User) -> None:
    with pytest.raises(SchemaViolation, match="USER_CREATED v2"):
        commands.create_user(first_name="Grace", last_name="Hopper")
    created = commands.create_user(first_name="Grace", last_name="HOPPER")
    assert StoredEvent.objects.get(stream=user.stream_of(created.id)).schema_version == 2


def test_an_old_version_goes_to_kafka_and_into_the_feed_as_it_was_written(
    topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.create_user(first_name="Ada", last_name="Lovelace")
    ship_second_version(monkeypatch)
    relay.drain()
    (sent,) = published(topic)
    assert (sent["schemaVersion"], sent["subject"]["lastName"]) == (1, "Lovelace")
    assert [item["event"] for item in walk()] == [sent]
    publisher = Publisher()
    for events in replay.batches(replay.Selection()):
        assert len(publisher.publish(events, waiting=lambda: None)) == 1
    publisher.close()
    assert published(topic) == [sent, sent]


def test_a_version_that_nobody_has_told_of_is_not_guessed(old: user.User) -> None:
    """By a reader that was deployed too late."""
    schema_registry._types.pop(("USER_CREATED", 1))
    with pytest.raises(schema_registry.UnknownEventType, match="USER_CREATED v1"):
        store.load(user.stream_of(old.id))
