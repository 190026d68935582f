"""Somebody is deleted: the log keeps what happened, and neither it nor the graph who it was."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from eventsourcing import consumer, deadletters, envelope
from eventsourcing.consumer import Message
from eventsourcing.event import Event
from eventsourcing.models import DeadLetter, ErasedStream
from recommendations import graph, log, queries, rebuild, verify
from recommendations.models import LogEntry, LogPersonal
from tests.integration.eventsourcing.slow import overlapping
from tests.integration.recommendations import model
from tests.integration.recommendations.conftest import Append
from tests.integration.recommendations.histories import History, message, messages, random_history, shuffled
from tests.support.tables import dump

pytestmark = pytest.mark.django_db(transaction=True)
Project = Callable[[], None]
TOMBSTONE = {"userId": 1, "version": 3, "erased": True}


def receive(*events: Event) -> None:
    """Take the events off Kafka, so to speak."""
    consumer.handle(log.SUBSCRIPTION, messages(events))


def found(name: str) -> list[str]:
    """The tables that hold this text anywhere, also in bytes, and the graph where it does."""
    tables = ("log", "log_personal", "dead_letters")
    hexed = name.encode().hex()
    places = [table for table in tables if name in dump(table) or hexed in dump(table)]
    return places + (["graph"] if name in str(model.shown()) else [])


@pytest.fixture
def history() -> History:
    """Zuleika, renamed once; Ada, Bob and Cid; 1-2, 2-3, 1-4 are friends."""
    made = History()
    made.user(1, first="Zuleika")
    for number in (2, 3, 4):
        made.user(number)
    for one, other in ((1, 2), (2, 3), (1, 4)):
        made.befriend(one, other)
    made.user(1, first="Zuleika", last="Dobson")
    return made


def test_the_log_keeps_what_happened_and_nobodys_name(history: History, project: Project) -> None:
    receive(*history.events)
    project()
    assert found("Zuleika") == ["log_personal", "graph"]
    receive(history.delete(1))
    assert found("Zuleika") == ["graph"]
    project()
    assert found("Zuleika") == []
    stream = LogEntry.objects.filter(stream="user-1").order_by("stream_version")
    assert [entry.event_type for entry in stream] == ["USER_CREATED", "USER_UPDATED", "USER_DELETED"]
    assert LogPersonal.objects.count() == 3
    assert model.shown()[0][1] == TOMBSTONE


def test_whoever_is_deleted_is_in_no_answer_even_before_their_friendships_end(
    history: History, project: Project
) -> None:
    receive(*history.events)
    project()
    assert [one["id"] for one in queries.mutual_friends(1, 3)] == [2]
    assert [one["user"]["id"] for one in queries.recommended_friends(3, limit=9)] == [1]
    receive(history.delete(1), history.delete(2))
    project()
    assert queries.recommended_friends(3, limit=9) == []
    assert queries.mutual_friends(1, 3) == []
    receive(history.unfriend(1, 2), history.unfriend(1, 4))
    project()
    assert model.shown() == model.fold(history.events)


def test_nothing_older_brings_anybody_back(history: History, project: Project) -> None:
    """Not a repeat, and not an event that this log has never seen: a relay that hung sends it after the end."""
    created, updated = (event for event in history.events if event.stream == "user-1")
    end = history.delete(1)
    receive(updated, end)
    project()
    receive(created, updated, end)
    project()
    assert found("Zuleika") == []
    assert LogEntry.objects.get(event_id=created.event_id).personal == ["firstName", "lastName"]
    assert model.shown()[0][1] == TOMBSTONE


def test_any_order_and_repetition_gives_the_fold_without_the_names(project: Project, append: Append) -> None:
    history = random_history(11, people=20, ties=60)
    gone = [1, 5, 7]
    for number in gone:
        history.delete(number)
        for friend in sorted(history.friends_of(number)):
            history.unfriend(number, friend)
    delivered = shuffled(history.events, 11)
    for start in range(0, len(delivered), 25):
        append(delivered[start : start + 25])
        project()
    assert model.shown() == model.fold(history.events)
    for number in gone:
        assert not LogPersonal.objects.filter(
            event_id__in=LogEntry.objects.filter(stream=f"user-{number}").values("event_id")
        ).exists()


def test_what_was_erased_before_it_was_sent_says_that_its_user_is_gone(history: History, project: Project) -> None:
    """Kafka was away: the first event has arrived, the others are sent without their names."""
    created, updated = (event for event in history.events if event.stream == "user-1")
    receive(created)
    project()
    receive(history.erased(updated))
    project()
    assert found("Zuleika") == []
    assert model.shown()[0][1] == {"userId": 1, "version": 2, "erased": True}
    receive(history.delete(1))
    project()
    assert model.shown()[0][1] == TOMBSTONE
    assert not DeadLetter.objects.exists()


def test_verify_repair_and_rebuild_agree_with_the_projector(history: History, project: Project) -> None:
    receive(*history.events, history.delete(1))
    project()
    assert list(verify.verify()) == []
    whole = model.shown()
    graph.write(
        lambda transaction: transaction.run(
            "MATCH (u:User {userId: 1}) SET u = {userId: 1, version: 2, firstName: 'Zuleika', lastName: 'Dobson'}"
        ).consume()
    )
    (difference,) = verify.verify(repair=True)
    assert str(difference).startswith("user-1: differs in erased, firstName")
    assert model.shown() == whole
    graph.write(lambda transaction: transaction.run("MATCH (u:User {userId: 1}) DETACH DELETE u").consume())
    rebuild.rebuild(rebuild.begin())
    assert model.shown() == whole
    assert list(verify.verify()) == []


def test_a_rebuild_up_to_before_the_end_does_not_keep_anybody(
    history: History, project: Project, append: Append
) -> None:
    receive(*history.events)
    project()
    run = rebuild.begin()
    receive(history.delete(1))
    rebuild.rebuild(run)
    assert found("Zuleika") == []
    project()
    assert model.shown()[0][1] == TOMBSTONE


def poison(history: History) -> Event:
    """An event of user 1 that nobody knows, with a name where none is expected."""
    subject = {**history.events[0].subject, "nickname": "Zuleika"}
    return history.record("user-1", "USER_ABDUCTED", subject)


def test_letters_of_somebody_who_is_erased_lose_the_names_and_keep_their_order(
    history: History, project: Project
) -> None:
    """Parked in the projector: waiting ones, and one that is over. The end does not wait behind them."""
    receive(*history.events, poison(history))
    project()
    deadletters.discard(deadletters.open_letters(log.PROJECTOR), by="ada", reason="not one")
    receive(poison(history), history.user(1, first="Zuleika"))
    project()
    assert found("Zuleika") == ["log", "log_personal", "dead_letters", "graph"]
    receive(history.delete(1))
    project()
    # Nothing can take a name out of the log that no schema called personal: writers refuse such events.
    assert found("Zuleika") == ["log"]
    states = [letter.state for letter in DeadLetter.objects.order_by("id")]
    assert states == ["discarded", "parked", "queued", "queued"]
    assert model.shown()[0][1] == {"userId": 1, "version": 6, "erased": True}


def test_an_end_that_cannot_be_handled_is_noted_all_the_same(history: History) -> None:
    def fail(_: object) -> None:
        raise ValueError("a bug")

    receive(history.events[0])
    assert found("Zuleika") == ["log_personal"]
    failing = consumer.Subscription(name=log.CONSUMER, topics=("user",), handler=fail)
    consumer.handle(failing, messages([history.delete(1)]))
    assert DeadLetter.objects.get().state == "parked"
    assert found("Zuleika") == []


def test_a_letter_that_is_no_event_loses_all_of_its_payload_and_none_comes_later() -> None:
    noise = Message(
        topic="user",
        partition=0,
        offset=1,
        key="1",
        value=b'{"firstName": "Zuleika"',
        envelope=None,
        error=envelope.Malformed("not an event"),
    )
    consumer.handle(log.SUBSCRIPTION, [noise])
    assert found("Zuleika") == ["dead_letters"]
    history = History()
    receive(history.user(1, first="Zuleika"), history.delete(1))
    assert found("Zuleika") == []
    assert LogEntry.objects.get().event_type == "USER_DELETED"
    again = Message(**{**{name: getattr(noise, name) for name in noise.__slots__}, "offset": 9, "value": b"Zuleika"})
    consumer.handle(log.SUBSCRIPTION, [again])
    assert found("Zuleika") == []
    assert [bytes(letter.value) for letter in DeadLetter.objects.filter(state="parked")] == [b""]


def test_a_key_whose_letters_lost_their_names_is_retried_in_order(history: History, project: Project) -> None:
    created, updated = (event for event in history.events if event.stream == "user-1")
    deadletters.park(log.CONSUMER, message(created).letter(), ValueError("a bug, mended since"))
    receive(updated, history.delete(1))
    assert deadletters.retry(log.CONSUMER, "1", by="ada") == deadletters.Outcome(handled=3)
    project()
    versions = LogEntry.objects.order_by("position").values_list("stream_version", flat=True)
    assert sorted(versions) == [1, 2, 3]
    assert model.shown()[0] == {1: TOMBSTONE}
    assert found("Zuleika") == []


@pytest.mark.parametrize("first", ["letter", "erasure"])
def test_a_letter_and_an_erasure_at_once_leave_no_name(history: History, first: str) -> None:
    """Whichever of them is first has not committed when the other begins."""
    created, end = history.events[0], history.delete(1)
    work: list[Callable[[], Any]] = [
        lambda: deadletters.park(log.PROJECTOR, message(created).letter(), ValueError("x")),
        lambda: receive(end),
    ]
    assert overlapping(*(work if first == "letter" else reversed(work))) is None
    assert DeadLetter.objects.count() == 1
    assert ErasedStream.objects.get().stream == "user-1"
    assert found("Zuleika") == []


@pytest.mark.parametrize("first", ["event", "end"])
def test_an_event_and_its_streams_end_at_once_leave_no_name(history: History, first: str) -> None:
    """In two partitions, as after the topic was made anew with another number of them."""
    work: list[Callable[[], Any]] = [
        lambda: consumer.handle(log.SUBSCRIPTION, [message(history.events[0], partition=0)]),
        lambda: consumer.handle(log.SUBSCRIPTION, [message(history.delete(1), partition=1)]),
    ]
    assert overlapping(*(work if first == "event" else reversed(work))) is None
    assert LogEntry.objects.count() == 2
    assert found("Zuleika") == []


def proven(user_id: int) -> set[str]:
    """The stores in which `erased` finds something."""
    out, code = StringIO(), 0
    try:
        call_command("erased", str(user_id), stdout=out)
    except CommandError as error:
        code = error.returncode
    lines = [line.removeprefix("recommendations  ") for line in out.getvalue().splitlines()]
    stores = {line.partition(":")[0] for line in lines if "FOUND" in line}
    assert code == (1 if stores else 0)
    return stores


def test_the_command_sees_what_each_store_still_has(history: History, project: Project) -> None:
    receive(*history.events)
    project()
    deadletters.park(log.PROJECTOR, message(history.events[0]).letter(), ValueError("x"))
    assert proven(1) == {"log", "log_personal", "graph", "erased_streams", "dead_letters"}
    receive(history.delete(1))
    assert proven(1) == {"graph"}
    deadletters.retry(log.PROJECTOR, "1", by="ada")
    project()
    assert proven(1) == {"graph"}
    receive(history.unfriend(1, 2), history.unfriend(1, 4))
    project()
    assert proven(1) == set()


def test_a_graph_that_does_not_answer_proves_nothing(
    history: History, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(history.events[0], history.delete(1))
    project()

    def silent(*_: object) -> None:
        raise graph.Unavailable("it is away")

    monkeypatch.setattr(graph, "read", silent)
    with pytest.raises(CommandError) as caught:
        call_command("erased", "1", stdout=StringIO())
    assert caught.value.returncode == 2


def test_an_error_is_told_without_the_values_of_the_row(caplog: pytest.LogCaptureFixture) -> None:
    """PostgreSQL quotes what it does not take; a dead letter and the log must not."""
    receive(History().user(1, first="Zuleika \0 Dobson"))
    letter = DeadLetter.objects.get()
    assert letter.error == "DataError: 22P05"
    assert "batch failed" in caplog.text
    assert "Zuleika" not in caplog.text
