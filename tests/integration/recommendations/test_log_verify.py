"""`verify` looks at the log itself, at the checkpoints and, with `--topics`, at Kafka; each corruption by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import LiteralString

import pytest

from recommendations import graph, projection
from recommendations.models import LogEntry
from recommendations.projector import Projector
from service.runner import Heartbeat, Stopper
from tests.integration.recommendations import model
from tests.integration.recommendations.histories import History
from tests.integration.recommendations.test_consuming import Publish, consuming, producer, publish
from tests.integration.recommendations.test_maintenance import run, said
from tests.support.tables import dump, tamper
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["consuming", "producer", "publish"]
Project = Callable[[], None]
GAP = "DELETE FROM log WHERE stream = 'user-2' AND stream_version = 1"
# Its entry and the personal members beside it.
GONE = "DELETE FROM log_personal USING log WHERE log.event_id = log_personal.event_id AND stream = 'user-2'"


@pytest.fixture
def history(publish: Publish, consuming: Stopper, project: Project) -> History:
    """People and ties, told by Kafka, read, and in the graph; the consumer has stopped."""
    found = History()
    for number in range(1, 13):
        found.user(number)
    for number in range(1, 12):
        found.befriend(number, number + 1)
    found.unfriend(3, 4)
    for number in (1, 2, 3):
        found.user(number, first="Renamed")
    publish(found.events)
    until(lambda: LogEntry.objects.count() == len(found.events))
    consuming.stop()
    project()
    return found


@pytest.fixture
def started_again(tmp_path: Path) -> Project:
    """A projector that has just been started brings everything in the log into the graph."""

    def run() -> None:
        projector = Projector(stopper=Stopper(), heartbeat=Heartbeat("project", tmp_path))
        while projector.step():
            pass

    return run


def shown_rightly(history: History) -> bool:
    """Whether the graph is the fold of everything."""
    return model.shown() == model.fold(history.events)


def test_a_log_that_is_of_one_piece(history: History) -> None:
    assert said("verify", "--topics") == (0, "Graph and log agree.\n")


def test_a_gap_is_reported_and_filled_from_kafka(history: History, project: Project) -> None:
    before = sorted(LogEntry.objects.values_list("topic", "partition", "position", "event_id"))
    tamper(GAP)
    for arguments in ((), ("--repair",)):
        code, text = said("verify", *arguments)
        assert code == 1
        assert "is missing" in text
        assert "takes it from Kafka" in text
    code, text = said("verify", "--topics")
    assert (code, "log: user-2 v1 is missing, Kafka has told it" in text) == (1, True)
    assert said("verify", "--topics", "--repair")[0] == 0
    assert sorted(LogEntry.objects.values_list("topic", "partition", "position", "event_id")) == before
    assert said("verify", "--topics") == (0, "Graph and log agree.\n")
    project()
    assert shown_rightly(history)


def test_a_log_that_lost_its_end_gets_it_back_and_so_does_the_graph(history: History, project: Project) -> None:
    tamper("DELETE FROM log WHERE topic = 'user' AND position > 1")
    code, text = said("verify")
    assert (code, "beyond the log's end" in text) == (1, True)
    assert said("verify", "--topics", "--repair")[0] in (0, 1)
    project()
    assert said("verify", "--topics") == (0, "Graph and log agree.\n")
    assert shown_rightly(history)
    assert LogEntry.objects.count() == len(history.events)


def test_personal_members_of_the_log_come_back_from_kafka(history: History) -> None:
    before = dump("log_personal")
    tamper(GONE)
    code, text = said("verify")
    assert (code, "log: the personal members of user-2 v1" in text) == (1, True)
    code, text = said("verify", "--topics")
    assert (code, "log: the personal members of user-2 v2 are in Kafka" in text) == (1, True)
    assert said("verify", "--topics", "--repair")[0] == 0
    assert dump("log_personal") == before
    assert said("verify") == (0, "Graph and log agree.\n")


def test_personal_members_of_nothing_are_taken_away(history: History) -> None:
    before = dump("log_personal")
    tamper("INSERT INTO log_personal VALUES ('01a20f86-0711-745d-85a7-e285e243ddfb', '{}')")
    code, text = said("verify")
    assert (code, "of which it has no event" in text) == (1, True)
    assert said("verify", "--repair") == (0, f"{text.splitlines()[0]}\n1 healed.\n")
    assert dump("log_personal") == before


CHECKPOINTS: dict[str, LiteralString] = {
    "beyond the end": "MATCH (c:Checkpoint {topic: 'user', partition: 0}) SET c.position = c.position + 1000",
    "at another event": "MATCH (c:Checkpoint {topic: 'user', partition: 0}) SET c.eventId = 'another'",
}


@pytest.mark.parametrize("what", CHECKPOINTS)
def test_a_checkpoint_that_stands_nowhere_is_reported_and_forgotten(
    what: str, history: History, started_again: Project
) -> None:
    before = projection.checkpoints()
    graph.write(lambda transaction: transaction.run(CHECKPOINTS[what]).consume())
    code, text = said("verify")
    assert (code, "checkpoint of user, partition 0: at position" in text) == (1, True)
    assert said("verify", "--repair")[0] == 0
    started_again()
    assert projection.checkpoints() == before
    assert shown_rightly(history)
    assert said("verify") == (0, "Graph and log agree.\n")


def test_a_checkpoint_that_is_gone_is_made_again_by_the_projector(history: History, started_again: Project) -> None:
    before = projection.checkpoints()
    run("MATCH (c:Checkpoint {topic: 'user'}) DELETE c")
    code, text = said("verify")
    assert (code, "events of the log before it" in text) == (0, True)
    started_again()
    assert projection.checkpoints() == before
    assert shown_rightly(history)
