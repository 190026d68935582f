"""The log anew from Kafka, where it is lost but the consumer group's offsets are not."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from desktop.engines import KafkaOrTansu, Unfetchable, cache_folder, jars
from desktop.engines.server import silent
from eventsourcing import broker, consumer
from eventsourcing.consumer import Consumer, Transient
from eventsourcing.event import Event
from eventsourcing.models import ConsumerTopic, DeadLetter
from recommendations import log, queries, refill
from recommendations.models import LogEntry, Refill
from recommendations.projector import Projector
from service.runner import Heartbeat, Stopper
from tests.integration.recommendations import model
from tests.integration.recommendations.histories import History, messages, random_history
from tests.integration.recommendations.test_consuming import logged, producer, publish
from tests.support.tables import execute
from tests.support.waiting import eventually, until
from tests.support.webserver import BASE, environment

__all__ = ["producer", "publish"]  # fixtures

pytestmark = pytest.mark.django_db(transaction=True)
Publish = Callable[[Iterable[Event]], None]
Project = Callable[[], None]


class Consuming:
    """The service's consumer in a thread, started and stopped at will."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stopper = Stopper()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to consume."""
        self._stopper = Stopper()
        made = Consumer(log.SUBSCRIPTION, stopper=self._stopper, heartbeat=Heartbeat("consume", self._folder))

        def run() -> None:
            try:
                made.run()
            finally:
                connections.close_all()

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def stop(self) -> None:
        """Leave the group; what was stored is committed."""
        self._stopper.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None


@pytest.fixture
def consuming(producer: KafkaProducer, tmp_path: Path) -> Iterator[Consuming]:
    """A consumer that does not run yet."""
    made = Consuming(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def tansu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Instead of the run's broker, the one that takes Kafka's place where that cannot be fetched."""

    def unfetchable(*_: object) -> None:
        raise Unfetchable("not in this test")

    monkeypatch.setattr(jars.Jars, "fetch", unfetchable)
    folder = tmp_path / "tansu"
    folder.mkdir()
    broker = KafkaOrTansu(folder, port=None, log=folder / "log", cache=cache_folder(), notice=silent)
    broker.start()
    for name, value in broker.environment().items():
        monkeypatch.setenv(name, value)
    yield
    broker.stop()


def lose_log() -> None:
    """What an emptied database, or a new one, has of the log."""
    execute("TRUNCATE log, log_personal")


def consumed(history: History, publish: Publish, consuming: Consuming) -> None:
    """Publish all of it, and have it read, stored and committed."""
    publish(history.events)
    consuming.start()
    eventually(lambda: logged(len(history.events)))
    consuming.stop()


def in_order() -> None:
    """Asserts that each stream stands in the log in its order."""
    seen: dict[str, int] = {}
    for stream, version in LogEntry.objects.order_by("id").values_list("stream", "stream_version"):
        assert version > seen.get(stream, 0), (stream, version)
        seen[stream] = version


def rebuild_from_kafka(**options: object) -> str:
    """The command's output."""
    out = StringIO()
    call_command("rebuild", source="kafka", stdout=out, **options)
    return out.getvalue()


def test_a_lost_log_is_filled_and_the_graph_made_from_it(
    publish: Publish, consuming: Consuming, project: Project
) -> None:
    history = random_history(1, people=20, ties=80)
    consumed(history, publish, consuming)
    project()
    lose_log()
    assert "The log has what Kafka has." in rebuild_from_kafka()
    logged(len(history.events))
    in_order()
    assert model.shown() == model.fold(history.events)
    assert not Refill.objects.exists()
    project()
    assert model.shown() == model.fold(history.events)


def test_tansu_fills_it_too(tansu: None, publish: Publish, consuming: Consuming) -> None:
    history = random_history(10, people=12, ties=40)
    consumed(history, publish, consuming)
    lose_log()
    rebuild_from_kafka()
    logged(len(history.events))
    assert model.shown() == model.fold(history.events)


def test_a_new_database_is_filled_and_projected_into_an_old_graph(
    publish: Publish, consuming: Consuming, project: Project
) -> None:
    history = random_history(2, people=12, ties=40)
    consumed(history, publish, consuming)
    project()
    lose_log()
    ConsumerTopic.objects.all().delete()
    rebuild_from_kafka()
    project()
    assert model.shown() == model.fold(history.events)
    assert set(LogEntry.objects.values_list("source_topic_id", flat=True)) == set(
        ConsumerTopic.objects.values_list("topic_id", flat=True)
    )


@contextmanager
def meanwhile(*steps: Callable[[], object]) -> Iterator[None]:
    """Each of the steps again and again, in a thread of its own, while the block runs."""
    over = threading.Event()

    def run(step: Callable[[], object]) -> None:
        try:
            while not over.is_set():
                step()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_answers_are_right_throughout(
    publish: Publish, consuming: Consuming, project: Project, projector: Projector
) -> None:
    """Beside a projector, which sees that the log is another one, and begins again."""
    history = random_history(3, people=12, ties=60)
    consumed(history, publish, consuming)
    project()
    lose_log()
    wanted = {me: model.recommended_friends(history, me) for me in range(1, 13)}
    right: list[bool] = []

    def read() -> None:
        right.extend(queries.recommended_friends(me, limit=20) == found for me, found in wanted.items())

    with meanwhile(read, projector.step):
        rebuild_from_kafka(rate=200)
    assert len(right) > len(wanted)
    assert all(right)
    project()
    assert model.shown() == model.fold(history.events)


def test_consumers_wait_and_go_on_behind_what_was_filled(
    publish: Publish, consuming: Consuming, project: Project
) -> None:
    history = random_history(4, people=12, ties=60)
    consumed(history, publish, consuming)
    lose_log()
    before = len(history.events)
    for number in range(1, 13):
        history.user(number, first="Later")
    with refill.alone():
        with pytest.raises(Transient), transaction.atomic():
            log.receive(messages(history.events[:1]))
        logged(0)
    publish(history.events[before:])
    rebuild_from_kafka()
    logged(before)
    consuming.start()
    eventually(lambda: logged(len(history.events)))
    in_order()
    project()
    assert model.shown() == model.fold(history.events)


def test_what_was_committed_meanwhile_is_read_too(
    publish: Publish, consuming: Consuming, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = random_history(11, people=12, ties=60)
    consumed(history, publish, consuming)
    lose_log()
    real, asked = refill._committed, list[TopicPartition]()

    def less_at_first(client: KafkaConsumer, place: TopicPartition, topic_id: UUID) -> int:
        asked.append(place)
        found = real(client, place, topic_id)
        return found // 2 if asked.count(place) == 1 else found

    monkeypatch.setattr(refill, "_committed", less_at_first)
    rebuild_from_kafka()
    logged(len(history.events))
    in_order()


def test_only_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refill, "LOCK_SECONDS", 0.3)
    with refill.alone(), pytest.raises(refill.Unready), refill.alone():
        pass
    with refill.alone():
        pass


def test_without_its_topics_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPIC_PREFIX", "test-nobody-made-these-")
    with pytest.raises(CommandError, match="run it again"):
        rebuild_from_kafka()


def test_what_is_not_stored_is_not_taken_for_read(
    publish: Publish, consuming: Consuming, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends within what one poll has given: the rest of that is read again."""
    # Of each partition more than one piece.
    history = random_history(12, people=60, ties=100)
    consumed(history, publish, consuming)
    lose_log()
    real, stored = refill._keep, list[int]()

    def ends(records: Sequence[Any]) -> None:
        if stored:
            raise refill.Unready("ended")
        real(records)
        stored.append(len(records))

    with monkeypatch.context() as ended:
        ended.setattr(refill, "_keep", ends)
        with pytest.raises(CommandError):
            # In pieces of five.
            rebuild_from_kafka(rate=10)
    logged(5)
    rebuild_from_kafka()
    logged(len(history.events))
    in_order()


def test_killed_it_goes_on_where_it_was(publish: Publish, consuming: Consuming, tmp_path: Path) -> None:
    history = random_history(5, people=30, ties=300)
    consumed(history, publish, consuming)
    lose_log()
    command = [sys.executable, "manage.py", "recommendations", "rebuild", "--from", "kafka", "--rate", "100"]
    variables = environment("recommendations", tmp_path)
    killed = subprocess.Popen(command, cwd=BASE, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: LogEntry.objects.count() >= 100)
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    stored = LogEntry.objects.count()
    assert stored < len(history.events)
    first = LogEntry.objects.order_by("id").values_list("event_id", flat=True)[0]
    assert "Going on" in rebuild_from_kafka()
    logged(len(history.events))
    assert LogEntry.objects.order_by("id").values_list("event_id", flat=True)[0] == first
    in_order()
    assert model.shown() == model.fold(history.events)


def test_poison_that_was_parked_or_given_up_stays_so(
    publish: Publish, consuming: Consuming, producer: KafkaProducer
) -> None:
    producer.send(broker.topic_name("user"), key=b"poison", value=b"{not json").get(timeout=10)
    history = random_history(6, people=6, ties=10)
    consumed(history, publish, consuming)
    letters = list(DeadLetter.objects.values_list("state", "event_id"))
    assert len(letters) == 1
    lose_log()
    rebuild_from_kafka()
    logged(len(history.events))
    assert list(DeadLetter.objects.values_list("state", "event_id")) == letters


def test_a_consumer_that_finds_nothing_stored_reads_again_by_itself(publish: Publish, consuming: Consuming) -> None:
    history = random_history(7, people=12, ties=40)
    consumed(history, publish, consuming)
    lose_log()
    consuming.start()
    eventually(lambda: logged(len(history.events)))
    in_order()


def test_a_consumer_that_was_killed_while_it_read_again_misses_nothing(
    publish: Publish, consuming: Consuming, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a first piece that it stored and the commit of it: the old offset must be gone by then."""
    history = random_history(8, people=12, ties=200)
    consumed(history, publish, consuming)
    lose_log()
    committed: list[int] = []
    real, whole = Consumer._commit, consumer.handle

    def dies(self: Consumer, client: object, place: object, offset: int) -> bool:
        if offset == 0:
            return real(self, client, place, offset)
        committed.append(offset)
        return False

    with monkeypatch.context() as killed:
        killed.setattr(Consumer, "_commit", dies)
        killed.setattr(consumer, "handle", lambda subscription, found: whole(subscription, found[:1]))
        consuming.start()
        until(lambda: bool(committed))
        consuming.stop()
    assert LogEntry.objects.count() < len(history.events)
    consuming.start()
    eventually(lambda: logged(len(history.events)))


def set_by_hand() -> None:
    """Commit the group's offsets as they are, as Kafka's own tools do."""
    with closing(broker.consumer(log.CONSUMER)) as client:
        names = [broker.topic_name(topic) for topic in log.SUBSCRIPTION.topics]
        places = [TopicPartition(name, number) for name in names for number in client.partitions_for_topic(name)]
        client.assign(places)
        offsets = {place: client.committed(place) for place in places}
        client.commit({place: OffsetAndMetadata(offset, "", -1) for place, offset in offsets.items() if offset})


def test_an_offset_that_somebody_has_set_by_hand_is_meant_so(publish: Publish, consuming: Consuming) -> None:
    history = random_history(9, people=12, ties=60, stubs=0)
    consumed(history, publish, consuming)
    lose_log()
    set_by_hand()
    before = len(history.events)
    # Of every partition something: what stands before it would be in the log before it.
    for number in range(1, 13):
        history.user(number, first="New")
        history.befriend(number, number + 20)
    publish(history.events[before:])
    consuming.start()
    eventually(lambda: logged(len(history.events) - before))
