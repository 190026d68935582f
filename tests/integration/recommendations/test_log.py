"""The event log: ordered without gaps, immutable, each event once."""

import threading
from collections import defaultdict
from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from eventsourcing import consumer
from eventsourcing.consumer import Message
from eventsourcing.models import ConsumerTopic, DeadLetter
from recommendations import log
from recommendations.log import Place, Selection
from recommendations.models import LogEntry, LogPersonal
from tests.integration.recommendations.histories import History, message, messages, partition_of, random_history

# Other connections look on.
pytestmark = pytest.mark.django_db(transaction=True)


def positions() -> dict[Place, list[int]]:
    """The positions of each partition in the order of their ids."""
    found: dict[Place, list[int]] = defaultdict(list)
    for topic, partition, position in LogEntry.objects.order_by("id").values_list("topic", "partition", "position"):
        found[Place(topic, partition)].append(position)
    return found


def store(batch: list[Message]) -> None:
    """Append as the consumer does: a transaction a batch."""
    with transaction.atomic():
        log.append(batch)


def test_an_event_is_kept_whole_with_its_personal_members_apart() -> None:
    event = History().user(42, first="Ada", last="Lovelace")
    store([message(event, 7)])
    entry, personal = LogEntry.objects.get(), LogPersonal.objects.get()
    assert set(entry.data) == {"id", "createdAt", "lastModified"}
    assert personal.data == {"firstName": "Ada", "lastName": "Lovelace"}
    assert (entry.event_id, personal.event_id) == (event.event_id, event.event_id)
    assert (entry.topic, entry.partition, entry.position) == ("user", partition_of("user-42"), 1)
    assert (entry.stream, entry.stream_version, entry.event_type) == ("user-42", 1, "USER_CREATED")
    assert (entry.occurred_at, entry.source_offset) == (event.occurred_at, 7)
    place = Place("user", partition_of("user-42"))
    read = log.follow({place: 1}, limit=5)[place][0].event
    assert (read.subject, read.metadata, read.personal) == (event.subject, event.metadata, event.personal)


def test_an_event_delivered_again_is_dropped_and_leaves_no_gap() -> None:
    history = random_history(1, people=12, ties=30)
    store(messages(history.events[:20]))
    store(messages(history.events[10:30] + history.events[25:]))
    store(messages(history.events))
    assert LogEntry.objects.count() == len(history.events)
    assert LogPersonal.objects.count() == sum(event.stream.startswith("user-") for event in history.events)
    assert all(found == list(range(1, len(found) + 1)) for found in positions().values())


def test_an_event_keeps_its_place_when_its_topic_is_made_anew_with_other_partitions() -> None:
    event = History().user(1)
    store([message(event, 0, partition=0)])
    store([message(event, 5, partition=2)])
    assert LogEntry.objects.get().partition == 0


def test_the_topic_of_which_making_it_was_is_remembered() -> None:
    topic_id = "0190b5a0-0000-7000-8000-000000000001"
    ConsumerTopic.objects.create(consumer=log.CONSUMER, topic="user", topic_id=topic_id)
    history = History()
    store(messages([history.user(1), history.befriend(1, 2)]))
    found = dict(LogEntry.objects.values_list("topic", "source_topic_id"))
    assert str(found["user"]) == topic_id
    assert found["friend"] is None


def test_the_order_of_a_batch_is_kept() -> None:
    history = random_history(2, people=12, ties=60)
    store(messages(history.events))
    for place in log.ends():
        entries = log.follow({place: 1}, limit=1000)[place]
        wanted = [event.event_id for event in history.events if partition_of(event.stream) == place.partition]
        topic = {event.event_id: message(event).topic for event in history.events}
        assert [entry.event.event_id for entry in entries] == [one for one in wanted if topic[one] == place.topic]


def test_writers_at_once_leave_no_gap_and_nothing_becomes_visible_out_of_order() -> None:
    history = random_history(3, people=30, ties=300)
    errors: list[Exception] = []
    seen: list[dict[Place, list[int]]] = []
    done = threading.Event()

    def deliver(part: int) -> None:
        try:
            for start in range(part * 7, len(history.events), 21):
                store(messages(history.events[start : start + 10]))
        except Exception as error:  # noqa: BLE001 -- shown by the test's own thread
            errors.append(error)
        finally:
            connections.close_all()

    def look() -> None:
        while not done.is_set():
            seen.append(positions())
        connections.close_all()

    threads = [threading.Thread(target=deliver, args=[part]) for part in range(3)]
    watcher = threading.Thread(target=look)
    for thread in (watcher, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    assert not errors
    assert LogEntry.objects.count() == len(history.events)
    assert all(found == list(range(1, len(found) + 1)) for look in (*seen, positions()) for found in look.values())


def test_a_slow_transaction_holds_the_ones_behind_it_back() -> None:
    history = History()
    slow, fast = history.user(3), history.user(6)
    assert partition_of(slow.stream) == partition_of(fast.stream)
    appended = threading.Event()

    def behind() -> None:
        store([message(fast)])
        appended.set()
        connections.close_all()

    with transaction.atomic():
        log.append([message(slow)])
        thread = threading.Thread(target=behind)
        thread.start()
        # It cannot be given a position before this transaction has ended.
        assert not appended.wait(0.3)
    thread.join()
    assert list(LogEntry.objects.order_by("position").values_list("stream", flat=True)) == [slow.stream, fast.stream]


def test_a_transaction_that_failed_leaves_no_gap() -> None:
    history = History()
    with suppress(ZeroDivisionError), transaction.atomic():
        log.append([message(history.user(1))])
        raise ZeroDivisionError
    store([message(history.user(1))])
    assert positions() == {Place("user", partition_of("user-1")): [1]}


@pytest.mark.parametrize(
    "statement",
    ["UPDATE log SET stream = 'user-2'", "DELETE FROM log", "UPDATE log SET data = '{}' WHERE false", "TRUNCATE log"],
)
def test_the_database_refuses_to_change_what_was_received(statement: str) -> None:
    store([message(History().user(1))])
    with connection.cursor() as cursor:
        cursor.execute("SET eventsourcing.allow_truncate = 'off'")
        with pytest.raises(DatabaseError, match="what happened is appended once and never changed"):
            cursor.execute(statement)
        cursor.execute("SET eventsourcing.allow_truncate = 'on'")
    assert LogEntry.objects.count() == 1


def test_personal_members_can_be_erased_and_nothing_else_changes() -> None:
    store([message(History().user(1))])
    LogPersonal.objects.all().delete()
    (entries,) = log.follow({Place("user", partition_of("user-1")): 1}, limit=5).values()
    assert set(entries[0].event.subject) == {"id", "createdAt", "lastModified"}
    assert entries[0].event.erased == ("firstName", "lastName")


def test_a_position_that_the_log_does_not_reach_is_told_from_one_that_is_its_end() -> None:
    store(messages([History().user(3)]))
    place = Place("user", partition_of("user-3"))
    assert [entry.event.position for entry in log.follow({place: 1}, limit=5)[place]] == [1]
    assert log.follow({place: 2}, limit=5)[place] == []
    (end,) = log.ends().values()
    assert end.position == 1


def test_the_last_event_of_a_stream_up_to_a_position() -> None:
    history = History()
    store(messages([history.user(3), history.user(3), history.user(3), history.user(4)]))
    place = Place("user", partition_of("user-3"))
    assert [entry.event.version for entry in log.last_entries(["user-3"], {place: 2})] == [2]
    assert [entry.event.version for entry in log.last_entries(["user-3", "user-5"], {place: 9})] == [3]
    assert log.last_entries(["user-3"], {}) == []
    assert [entry.event.version for entry in log.entries_at({"user-3": 2, "user-5": 1})] == [2]


def test_selections_count_what_they_yield() -> None:
    history = random_history(4, people=15, ties=40)
    store(messages(history.events))
    moment = history.events[len(history.events) // 2].occurred_at
    selections: list[tuple[Selection, int]] = [
        (Selection(), len(history.events)),
        (Selection(stream="user-3"), history.versions["user-3"]),
        (Selection(since=moment), sum(event.occurred_at >= moment for event in history.events)),
        (Selection(topic="user", partition=1), len(positions()[Place("user", 1)])),
        (Selection(topic="user", partition=1, from_position=2), len(positions()[Place("user", 1)]) - 1),
    ]
    for selection, number in selections:
        assert number > 0
        assert log.count(selection) == number
        assert sum(len(entries) for entries in log.batches(selection, limit=7)) == number


def test_the_consumer_hands_its_messages_to_the_log_and_wakes_the_projector(monkeypatch: Any) -> None:
    woken: list[str] = []
    monkeypatch.setattr("eventsourcing.wakeup.announce", woken.append)
    event = History().user(1)
    consumer.handle(log.SUBSCRIPTION, [message(event)])
    assert LogEntry.objects.get().event_id == event.event_id


def test_what_the_database_cannot_keep_is_parked_and_the_rest_is_logged() -> None:
    history = History()
    broken, good = history.user(1, first="nul \0 inside"), history.user(2)
    consumer.handle(log.SUBSCRIPTION, messages([broken, good]))
    assert LogEntry.objects.get().stream == "user-2"
    assert DeadLetter.objects.get().key == "1"
