"""The consumer: at least once, in order per key, whatever the handler does."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, InternalError, OperationalError, ProgrammingError, connection
from kafka.errors import UnknownTopicOrPartitionError

from eventsourcing import broker, deadletters, topics
from eventsourcing.consumer import Message, Subscription, Transient
from eventsourcing.models import DeadLetter
from tests.integration.eventsourcing.conftest import append
from tests.integration.eventsourcing.consuming import consuming, message, send
from tests.support.waiting import until
from users import events

pytestmark = pytest.mark.django_db(transaction=True)


class Recorder:
    """A handler that keeps what it was given in the database, so that a rolled back batch is not kept."""

    def __init__(self, fail: Any = None) -> None:
        self.fail = fail
        self.calls = 0
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS recorded (id bigserial, stream text, version int)")
            cursor.execute("TRUNCATE recorded")
        self.subscription = Subscription(name="recorder", topics=("user",), handler=self)

    def __call__(self, messages: Sequence[Message]) -> None:
        """Record all of them, or fail as told."""
        self.calls += 1
        with connection.cursor() as cursor:
            for one in messages:
                assert one.envelope is not None
                values = (one.envelope.stream, one.envelope.stream_version)
                cursor.execute("INSERT INTO recorded (stream, version) VALUES (%s, %s)", values)
                if self.fail is not None:
                    self.fail(one, self.calls)

    def told(self) -> list[tuple[str, int]]:
        """What was recorded, in order."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT stream, version FROM recorded ORDER BY id")
            return [(row[0], row[1]) for row in cursor.fetchall()]


def test_a_consumer_that_begins_late_hears_everything_and_one_that_begins_again_nothing_twice(
    topic: str, tmp_path: Path
) -> None:
    send(topic, *(message(append(number)) for number in range(1, 21)))
    recorder = Recorder()
    for _ in range(2):
        with consuming(recorder.subscription, tmp_path):
            until(lambda: len(recorder.told()) >= 20)
    send(topic, message(append(21)))
    with consuming(recorder.subscription, tmp_path):
        until(lambda: ("user-21", 1) in recorder.told())
    assert sorted(recorder.told()) == sorted((f"user-{number}", 1) for number in range(1, 22))


@pytest.mark.parametrize("kind", [Transient, OperationalError, InterfaceError, ProgrammingError, InternalError])
def test_what_fails_for_a_while_is_tried_again_and_nothing_is_lost_or_out_of_order(
    topic: str, tmp_path: Path, kind: type[Exception]
) -> None:
    """Among that: a table or a grant that is not there yet, which is no event's fault."""

    def fail(one: Message, calls: int) -> None:
        if calls <= 3:
            raise kind("not now")

    send(topic, *(message(append(1, version)) for version in range(1, 6)))
    recorder = Recorder(fail)
    with consuming(recorder.subscription, tmp_path):
        until(lambda: len(recorder.told()) == 5)
    assert recorder.told() == [("user-1", version) for version in range(1, 6)]
    assert not DeadLetter.objects.exists()


def test_a_poison_event_parks_its_key_later_ones_queue_behind_it_and_others_flow(topic: str, tmp_path: Path) -> None:
    def fail(one: Message, calls: int) -> None:
        assert one.envelope is not None
        if one.envelope.stream == "user-1" and one.envelope.stream_version == 2:
            raise ValueError("a handler's bug")

    send(topic, *(message(append(number, version)) for version in (1, 2, 3, 4) for number in (1, 2)))
    recorder = Recorder(fail)
    with consuming(recorder.subscription, tmp_path):
        until(lambda: len(recorder.told()) == 5 and DeadLetter.objects.count() == 3)
    assert [version for stream, version in recorder.told() if stream == "user-2"] == [1, 2, 3, 4]
    assert ("user-1", 1) in recorder.told()
    waiting = deadletters.open_letters("recorder", "1")
    assert [letter.state for letter in waiting] == ["parked", "queued", "queued"]
    assert waiting[0].error == "ValueError: a handler's bug"
    assert deadletters.parked("recorder", ["1", "2"]) == {"1"}


def test_a_dead_letter_delivered_again_does_not_wait_twice(topic: str, tmp_path: Path) -> None:
    def fail(one: Message, calls: int) -> None:
        raise ValueError("always")

    poison = message(append(1))
    send(topic, poison, poison, poison)
    with consuming(Recorder(fail).subscription, tmp_path):
        until(lambda: DeadLetter.objects.exists())
    send(topic, message(append(2)))
    with consuming(Recorder(fail).subscription, tmp_path):
        until(lambda: DeadLetter.objects.filter(key="2").exists())
    assert DeadLetter.objects.filter(key="1").count() == 1


@pytest.mark.parametrize("value", [b"", b"not json", b'{"eventType": "USER_CREATED"}', b"\xff\xfe"])
def test_what_is_no_event_is_parked_as_it_came(topic: str, tmp_path: Path, value: bytes) -> None:
    send(topic, ("7", value), message(append(8)))
    recorder = Recorder()
    with consuming(recorder.subscription, tmp_path):
        until(lambda: recorder.told() == [("user-8", 1)] and DeadLetter.objects.count() == 1)
    letter = DeadLetter.objects.get()
    assert (letter.key, letter.state, bytes(letter.value)) == ("7", "parked", value)
    assert "Malformed" in letter.error


def test_what_was_discarded_is_skipped_when_it_is_delivered_again(topic: str, tmp_path: Path) -> None:
    def fail(one: Message, calls: int) -> None:
        assert one.envelope is not None
        if one.envelope.stream_version == 2:
            raise ValueError("a handler's bug")

    stream = [message(append(1, version)) for version in (1, 2, 3)]
    send(topic, *stream[:2], ("7", b"not json"))
    recorder = Recorder(fail)
    with consuming(recorder.subscription, tmp_path):
        until(lambda: DeadLetter.objects.count() == 2)
    deadletters.discard(list(DeadLetter.objects.all()), by="ada", reason="beyond help")
    send(topic, *stream, ("7", b"not json"), message(append(2)))
    with consuming(recorder.subscription, tmp_path):
        until(lambda: ("user-2", 1) in recorder.told() and ("user-1", 3) in recorder.told())
    assert ("user-1", 2) not in recorder.told()
    assert list(DeadLetter.objects.values_list("state", flat=True)) == ["discarded", "discarded"]


def test_what_is_no_event_does_not_wait_twice_either(topic: str, tmp_path: Path) -> None:
    send(topic, ("7", b"not json"), ("7", b"not json"), ("7", b"nor this"))
    with consuming(Recorder().subscription, tmp_path):
        until(lambda: DeadLetter.objects.count() == 2)
        send(topic, ("7", b"not json"), ("7", b"the last"))
        until(lambda: any(bytes(letter.value) == b"the last" for letter in DeadLetter.objects.all()))
    letters = DeadLetter.objects.order_by("id").values_list("state", "value")
    assert [(state, bytes(value)) for state, value in letters] == [
        ("parked", b"not json"),
        ("queued", b"nor this"),
        ("queued", b"the last"),
    ]


@pytest.mark.parametrize("key", ["k" * 301, "a\0b", "\0" * 400, "ä" * 250 + "\0"])
def test_a_key_that_the_database_cannot_keep_is_parked_and_holds_up_nobody(
    topic: str, tmp_path: Path, key: str
) -> None:
    value = b'{"eventId": "\\u0000"}'
    send(topic, (key, value), (key, b"behind it"), message(append(1)))
    recorder = Recorder()
    with consuming(recorder.subscription, tmp_path):
        until(lambda: recorder.told() == [("user-1", 1)] and DeadLetter.objects.count() == 2)
    first, second = DeadLetter.objects.order_by("id")
    assert (first.state, bytes(first.value), second.state) == ("parked", value, "queued")
    assert first.key == second.key != key
    assert deadletters.parked("recorder", [first.key]) == {first.key}


def test_a_topic_made_anew_is_read_from_its_beginning(topic: str, tmp_path: Path) -> None:
    """A client that goes by offsets alone keeps its old position and skips what stands below it, without an error."""
    recorder = Recorder()
    with consuming(recorder.subscription, tmp_path):
        send(topic, *(message(append(number)) for number in range(1, 11)))
        until(lambda: len(recorder.told()) == 10)
        make_anew(topic)
        send(topic, *(message(append(number)) for number in range(11, 14)))
        until(lambda: {f"user-{number}" for number in (11, 12, 13)} <= {stream for stream, _ in recorder.told()})


def make_anew(topic: str) -> None:
    """Delete the topic with all that is in it, and make it again."""
    with closing(broker.admin()) as client:
        client.delete_topics([topic])

        def gone() -> bool:
            try:
                return bool(client.describe_topics([topic])[0]["error_code"])
            except UnknownTopicOrPartitionError:
                return True

        until(gone)
    topics.ensure([events.TOPIC])
