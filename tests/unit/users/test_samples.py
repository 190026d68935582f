"""The users service reads what it has ever told."""

from eventsourcing import schema_registry
from eventsourcing.store import upcast
from tests.support.samples import event, of_topics
from users import events, user
from users.state import STATE


def test_a_user_is_folded_from_events_of_any_age() -> None:
    schema_registry.register(*events.PUBLISHED)
    for sample in of_topics(events.TOPIC.name):
        told = upcast(event(sample))
        row = STATE.fold([told])
        if told.erased or told.type == user.DELETED:
            assert row is None, sample.name
        else:
            assert row is not None
            assert (row["id"], row["version"]) == (42, told.version), sample.name


def test_every_type_that_it_publishes_has_a_sample() -> None:
    told = {(sample.type, sample.version) for sample in of_topics(events.TOPIC.name)}
    assert {(one.type, one.version) for one in events.PUBLISHED} == told
