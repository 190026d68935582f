"""The directory of users: fed by events, blind to their order, never wrong about a yes."""

import random
from typing import Any

import pytest

from eventsourcing.consumer import Message
from eventsourcing.envelope import Envelope
from eventsourcing.event import Metadata
from eventsourcing.schema_registry import SchemaViolation, UnknownEventType
from friends import directory, events
from friends.models import KnownUser
from service import clock, context
from tests.support.samples import event, message, of_topics

pytestmark = pytest.mark.django_db(transaction=True)
AT = clock.iso(clock.now())


def told(user_id: int, version: int, **changes: Any) -> Message:
    """An event of the users service, as a message."""
    subject = {"id": user_id, "firstName": "Ada", "lastName": "Lovelace", "createdAt": AT, "lastModified": AT}
    values: dict[str, Any] = {
        "event_id": context.new_id(),
        "event_type": "USER_CREATED" if version == 1 else "USER_UPDATED",
        "schema_version": 1,
        "stream": f"user-{user_id}",
        "stream_version": version,
        "occurred_at": clock.now(),
        "subject": subject,
        "personal": (),
        "metadata": Metadata(correlation_id="r", traceparent="t"),
    }
    found = Envelope(**(values | changes))
    return Message(topic="user", partition=0, offset=version, key=found.key, value=b"{}", envelope=found)


def versions() -> dict[int, int]:
    return dict(KnownUser.objects.values_list("user_id", "version"))


def test_events_of_any_age_are_read() -> None:
    for sample in of_topics(*directory.SUBSCRIPTION.topics):
        directory.apply([message(sample)])
        assert versions()[int(sample.key)] >= event(sample).version, sample.name
    # A type that nobody has told this service of would be parked: it must know them all.
    known = {(one.type, one.version) for one in events.READ}
    assert {(sample.type, sample.version) for sample in of_topics(*directory.SUBSCRIPTION.topics)} == known


def test_any_order_and_any_repetition_gives_the_newest_version() -> None:
    all_told = [told(user_id, version) for user_id in range(1, 6) for version in range(1, 8)]
    shuffled = random.Random(7).choices(all_told, k=100) + all_told
    random.Random(8).shuffle(shuffled)
    for start in range(0, len(shuffled), 9):
        directory.apply(shuffled[start : start + 9])
    assert versions() == dict.fromkeys(range(1, 6), 7)


def test_an_event_completes_what_was_learnt_by_asking() -> None:
    KnownUser.objects.create(user_id=1, version=0)
    directory.apply([told(1, 1)])
    assert versions() == {1: 1}


def test_an_unknown_type_and_a_broken_subject_are_not_taken_for_a_user() -> None:
    with pytest.raises(UnknownEventType):
        directory.apply([told(1, 1, event_type="USER_CLONED")])
    with pytest.raises(SchemaViolation):
        directory.apply([told(1, 1, subject={"id": "one"})])
    assert versions() == {}


def test_who_is_known_is_locked_against_deletion_but_not_against_other_friendships() -> None:
    KnownUser.objects.create(user_id=1, version=1)
    assert directory.missing(1, 2) == [2]
    KnownUser.objects.update(deleted=True)
    assert directory.missing(1) == [1]
