"""Messages of any age are logged whole and become the graph."""

from collections.abc import Callable

from django.db import transaction

from recommendations import events, graph, log
from recommendations.log import Place
from tests.support.samples import event, message, of_topics

Project = Callable[[], None]


def test_every_type_that_its_topics_carry_is_known() -> None:
    known = {(one.type, one.version) for one in events.READ}
    assert {(sample.type, sample.version) for sample in of_topics(*events.TOPICS)} == known


def test_a_message_of_any_age_is_logged_whole_and_projected(project: Project) -> None:
    samples = of_topics(*events.TOPICS)
    with transaction.atomic():
        log.append([message(sample, offset) for offset, sample in enumerate(samples)])
    logged = log.follow({Place(topic, 0): 1 for topic in events.TOPICS}, limit=99)
    kept = {entry.event.event_id: entry.event for entries in logged.values() for entry in entries}
    for sample in samples:
        told, found = event(sample), kept[event(sample).event_id]
        assert (found.subject, found.metadata, found.personal) == (told.subject, told.metadata, told.personal)
    project()
    people = graph.read("MATCH (user:User {userId: 42}) RETURN user.version AS version", {})
    assert people == [{"version": max(event(sample).version for sample in samples if sample.key == b"42")}]
    ties = graph.read("MATCH (:User {userId: 3})-[tie]->(:User {userId: 42}) RETURN tie.version AS version", {})
    assert ties == [{"version": max(event(sample).version for sample in samples if sample.topic == "friend")}]
