"""What goes to Kafka of a stream that was erased before it got there."""

from typing import Any

import pytest

from eventsourcing import store
from eventsourcing.models import OutboxEntry
from tests.integration.eventsourcing.conftest import SteppedRelay, published
from tests.integration.eventsourcing.test_consumer import make_anew
from users import commands

pytestmark = pytest.mark.django_db(transaction=True)
ERASED = ["firstName", "lastName"]


def told(topic: str, stream: str) -> list[dict[str, Any]]:
    """The messages of a stream, in order."""
    return [message for message in published(topic) if message["stream"] == stream]


def test_what_was_not_published_yet_goes_out_in_order_and_without_names(topic: str, relay: SteppedRelay) -> None:
    """Kafka was away while somebody joined, was renamed and left."""
    left = commands.create_user(first_name="Zuleika", last_name="Dobson")
    commands.update_user(left.id, first_name="Zuleika", last_name="Duchess")
    stays = commands.create_user(first_name="Ada", last_name="Lovelace")
    commands.delete_user(left.id)
    relay.drain()
    messages = told(topic, f"user-{left.id}")
    assert [message["streamVersion"] for message in messages] == [1, 2, 3]
    assert [message["eventType"] for message in messages] == ["USER_CREATED", "USER_UPDATED", "USER_DELETED"]
    for message in messages[:2]:
        # The reference system's consumers find every member, and read null as its User does.
        assert message["subject"]["id"] == left.id
        assert (message["subject"]["firstName"], message["subject"]["lastName"]) == (None, None)
        assert message["erased"] == message["personal"] == ERASED
    assert set(messages[2]["subject"]) == {"id", "createdAt", "lastModified"}
    assert "erased" not in messages[2]
    (other,) = told(topic, f"user-{stays.id}")
    assert other["subject"]["firstName"] == "Ada"
    assert "Zuleika" not in str(published(topic))


def test_a_topic_made_anew_is_told_of_erased_users_without_names(topic: str, relay: SteppedRelay) -> None:
    left = commands.create_user(first_name="Zuleika", last_name="Dobson")
    relay.drain()
    assert "Zuleika" in str(published(topic))
    commands.delete_user(left.id)
    relay.drain()
    make_anew(topic)
    relay.relay.forget_topics()
    relay.drain()
    messages = told(topic, f"user-{left.id}")
    assert [message["eventType"] for message in messages] == ["USER_CREATED", "USER_DELETED"]
    assert "Zuleika" not in str(published(topic))


def test_an_event_that_is_read_back_says_what_was_erased() -> None:
    left = commands.create_user(first_name="Zuleika", last_name="Dobson")
    (before,) = store.load(f"user-{left.id}")
    assert (before.erased, before.personal) == ((), ("firstName", "lastName"))
    commands.delete_user(left.id)
    created, deleted = store.load(f"user-{left.id}")
    assert (created.erased, created.personal) == (("firstName", "lastName"), ())
    assert (deleted.erased, deleted.type) == ((), "USER_DELETED")
    assert OutboxEntry.objects.count() == 2
