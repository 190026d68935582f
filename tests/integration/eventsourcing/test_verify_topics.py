"""`verify --topics`: what is marked as published is in Kafka, and what is in Kafka is known; corrupted by hand."""

from contextlib import closing
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError

from eventsourcing import broker, store, topics
from eventsourcing.models import OutboxEntry, Personal
from tests.integration.eventsourcing.conftest import SteppedRelay, append, published, told
from tests.integration.eventsourcing.consuming import message, send
from tests.integration.eventsourcing.test_consumer import make_anew
from tests.support.tables import dump, execute
from users import commands

pytestmark = pytest.mark.django_db(transaction=True)


def verify(*arguments: str) -> tuple[int, str]:
    """The exit code of `verify --topics`, and what it said."""
    out = StringIO()
    try:
        call_command("verify", "--topics", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


@pytest.fixture
def people(relay: SteppedRelay) -> list[int]:
    """Three people, the first of them with three versions, all published."""
    found = [commands.create_user(first_name="Ada", last_name="Lovelace").id for _ in range(3)]
    for name in ("King", "Byron"):
        commands.update_user(found[0], first_name="Ada", last_name=name)
    relay.drain()
    return found


def made_anew_behind_their_back(topic: str) -> None:
    """The topic lost what it had, and its marks say that it has: as a disk that was lost under a topic would do."""
    make_anew(topic)
    ids = topics.TopicIds(["user"])
    execute("UPDATE outbox SET topic_id = %s", str(ids.current()["user"]))
    ids.close()


@pytest.mark.usefixtures("people")
def test_what_kafka_has_is_no_difference(topic: str, relay: SteppedRelay) -> None:
    assert verify() == (0, "State and events agree.\n")
    append(77)
    assert "topics" not in verify()[1]


def test_an_event_that_kafka_lacks_although_marked_is_published_again(
    topic: str, relay: SteppedRelay, people: list[int]
) -> None:
    made_anew_behind_their_back(topic)
    code, text = verify()
    assert code == 1
    # `user` is compacted: only the last version of each must be there.
    for stream, version in ((people[0], 3), (people[1], 1), (people[2], 1)):
        assert f"user-{stream} v{version}: marked as published, but Kafka does not have it" in text
    assert "3 differ" in text
    assert verify("--repair")[0] == 0
    relay.drain()
    assert sorted(told(topic)) == [(f"user-{people[0]}", 3), (f"user-{people[1]}", 1), (f"user-{people[2]}", 1)]
    assert verify() == (0, "State and events agree.\n")


def test_a_mark_at_another_place_is_made_right(topic: str, relay: SteppedRelay, people: list[int]) -> None:
    execute('UPDATE outbox SET "offset" = "offset" + 100 WHERE stream = %s', f"user-{people[1]}")
    code, text = verify()
    assert (code, f"user-{people[1]} v1: marked at a place where Kafka does not have it" in text) == (1, True)
    assert verify("--repair")[0] == 0
    relay.drain()
    assert verify() == (0, "State and events agree.\n")
    mark = OutboxEntry.objects.get(stream=f"user-{people[1]}")
    found = [one for one in published(topic) if one["stream"] == mark.stream]
    assert len(found) == 2
    assert (mark.offset, mark.partition) == _end(topic, mark.partition or 0)


def test_an_older_version_that_is_the_last_message_of_its_key_is_made_right(
    topic: str, relay: SteppedRelay, people: list[int]
) -> None:
    """As a relay leaves it that hung with the first version in its hands, woke up after another one had gone on, sent
    it, and was killed. Repeats before the newest are what is promised."""
    stream = f"user-{people[0]}"
    first, newest = (message(event) for event in (store.load(stream)[0], store.load(stream)[-1]))
    send(topic, first, newest)
    assert verify() == (0, "State and events agree.\n")
    send(topic, first)
    code, text = verify()
    assert (code, f"{stream} v3: the last message of its key is an older version" in text) == (1, True)
    assert "1 differ" in text
    assert verify("--repair")[0] == 0
    relay.drain()
    assert [version for name, version in told(topic) if name == stream][-2:] == [1, 3]
    assert verify() == (0, "State and events agree.\n")


def _end(topic: str, partition: int) -> tuple[int, int]:
    place = TopicPartition(topic, partition)
    with closing(broker.consumer("looks")) as client:
        return client.end_offsets([place])[place] - 1, partition


def test_an_event_that_the_store_does_not_know_is_reported(
    topic: str, relay: SteppedRelay, people: list[int]
) -> None:
    stranger = message(append(4711))
    execute("SET session_replication_role = replica")
    execute("DELETE FROM events WHERE stream = 'user-4711'")
    execute("SET session_replication_role = origin")
    execute("DELETE FROM outbox WHERE stream = 'user-4711'")
    execute("DELETE FROM personal WHERE event_id NOT IN (SELECT event_id FROM events)")
    send(topic, stranger)
    commands.update_user(people[0], first_name="Ada", last_name="Behind")
    for number in range(30):
        commands.create_user(first_name="So that", last_name=f"each partition goes on {number}")
    relay.drain()
    for arguments in ((), ("--repair",)):
        code, text = verify(*arguments)
        assert code == 1
        assert "which the store does not have. It was published from another store" in text


def test_personal_members_come_back_from_kafka(topic: str, people: list[int]) -> None:
    before, users = dump("personal"), dump("users")
    Personal.objects.all().delete()
    code, text = verify()
    assert (code, "5 differ" in text or "10 differ" in text) == (1, True)
    assert f"user-{people[0]} v2: its personal members are in Kafka" in text
    assert verify("--repair")[0] == 0
    assert (dump("personal"), dump("users")) == (before, users)


def test_a_topic_that_is_not_there_is_reported(
    topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOPIC_PREFIX", "nowhere-")
    code, text = verify()
    assert (code, "topic user: it is not there. `topics` makes it." in text) == (1, True)


def test_a_broker_that_is_away_is_told(relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(ids: topics.TopicIds) -> topics.Present:
        raise KafkaTimeoutError

    monkeypatch.setattr(topics.TopicIds, "current", away)
    assert "Kafka does not answer" in verify()[1]
