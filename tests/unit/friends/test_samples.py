"""The friends service reads what it has ever told."""

from eventsourcing import schema_registry
from eventsourcing.store import upcast
from friends import events
from friends.state import STATE
from tests.support.samples import event, of_topics


def test_a_friendship_is_folded_from_events_of_any_age() -> None:
    schema_registry.register(*events.PUBLISHED)
    for sample in of_topics(events.TOPIC.name):
        row = STATE.fold([upcast(event(sample))])
        assert row is not None
        assert (row["low"], row["high"], row["version"]) == (3, 42, event(sample).version), sample.name


def test_every_type_that_it_publishes_has_a_sample() -> None:
    told = {(sample.type, sample.version) for sample in of_topics(events.TOPIC.name)}
    assert {(one.type, one.version) for one in events.PUBLISHED} == told
