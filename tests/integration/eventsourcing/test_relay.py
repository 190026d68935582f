"""The relay with real Kafka: order, marks, sequences, takeover, a topic made anew."""

import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
from django.db import connection

from eventsourcing import direct, shards
from eventsourcing.models import IdempotentAnswer, OutboxEntry
from eventsourcing.relay import Relay
from eventsourcing.shards import SHARD_LOCKS, Shards
from service.runner import Heartbeat, Stopper
from tests.integration.eventsourcing.conftest import SteppedRelay, append, published, told
from tests.integration.eventsourcing.test_consumer import make_anew
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
ANSWER = """
INSERT INTO idempotency (principal, method, path, key, fingerprint, status, headers, body, subjects, created_at)
VALUES ('anonymous', 'POST', '/', %s, '', 201, '{}', '', '{}', clock_timestamp() - %s::interval)
"""


@contextmanager
def relaying(folder: Path) -> Iterator[None]:
    """A whole relay runs in a thread while the block does."""
    stopper = Stopper()
    thread = threading.Thread(target=Relay(stopper=stopper, heartbeat=Heartbeat("relay", folder)).run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopper.stop()
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_a_stream_is_published_in_order_and_marked_where_kafka_put_it(topic: str, relay: SteppedRelay) -> None:
    for version in range(1, 51):
        append(1, version)
        append(2, version)
    relay.drain()
    for stream in ("user-1", "user-2"):
        assert [version for name, version in told(topic) if name == stream] == list(range(1, 51))
    entries = OutboxEntry.objects.filter(stream="user-1").order_by("version")
    assert {entry.partition for entry in entries} == {entries[0].partition}
    assert [entry.offset for entry in entries] == sorted(entry.offset or 0 for entry in entries)
    assert all(entry.published_at and entry.topic_id for entry in entries)


def test_the_message_names_its_event(topic: str, relay: SteppedRelay) -> None:
    stored = append(42)
    relay.drain()
    (message,) = published(topic)
    assert message["eventId"] == str(stored.event_id)
    assert message["subject"] == stored.subject
    assert message["personal"] == ["firstName", "lastName"]


def test_what_kafka_did_not_take_is_not_marked_and_comes_when_it_is_back(
    topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = os.environ["TOPIC_PREFIX"]
    append(1)
    monkeypatch.setenv("TOPIC_PREFIX", f"{prefix}nowhere-")
    assert relay.relay.step(relay.connection, relay.shards)
    assert OutboxEntry.objects.filter(published_at=None).count() == 1
    monkeypatch.setenv("TOPIC_PREFIX", prefix)
    relay.drain()
    assert told(topic) == [("user-1", 1)]
    assert not OutboxEntry.objects.filter(published_at=None).exists()


def test_a_topic_made_anew_gets_everything_again_and_what_is_new_first(topic: str, relay: SteppedRelay) -> None:
    for number in range(1, 31):
        append(number)
    relay.drain()
    sequences = dict(OutboxEntry.objects.values_list("stream", "sequence"))
    make_anew(topic)
    relay.relay.forget_topics()
    append(99)
    relay.drain()
    streams = [stream for stream, _ in told(topic)]
    assert sorted(streams) == sorted([*sequences, "user-99"])
    assert OutboxEntry.objects.filter(topic_id=OutboxEntry.objects.get(stream="user-99").topic_id).count() == 31
    after = dict(OutboxEntry.objects.exclude(stream="user-99").values_list("stream", "sequence"))
    assert after == sequences


def test_what_is_published_again_beside_new_events_leaves_no_gap_in_the_sequence(
    topic: str, relay: SteppedRelay
) -> None:
    for number in range(1, 6):
        append(number)
    relay.drain()
    make_anew(topic)
    relay.relay.forget_topics()
    # In one batch with those five, and behind them.
    for number in (98, 99):
        append(number)
    relay.drain()
    numbers = OutboxEntry.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == list(range(1, 8))


def test_a_killed_owners_shards_are_free_at_once(relay: SteppedRelay) -> None:
    everything = set(relay.shards.owned)
    relay.connection.close()
    with closing(direct.connect("heir")) as session:
        heir = Shards(session, owner="heir", total=len(everything))
        heir.maintain(now=True)
        assert heir.owned == everything


def test_an_owner_that_is_only_silent_is_ended_and_finds_out(relay: SteppedRelay) -> None:
    """As with SIGSTOP: its session lives and holds the locks, but its heartbeat is old."""
    everything = set(relay.shards.owned)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE relay_shards SET heartbeat_at = heartbeat_at - interval '6 seconds'")
    with closing(direct.connect("heir")) as session:
        heir = Shards(session, owner="heir", total=len(everything))
        for _ in range(3):
            heir.maintain(now=True)
        assert heir.owned == everything
        with pytest.raises(psycopg2.Error):
            relay.shards.maintain(now=True)


def test_an_owner_with_a_fresh_heartbeat_is_left_alone(relay: SteppedRelay) -> None:
    with closing(direct.connect("rival")) as session:
        rival = Shards(session, owner="rival", total=len(relay.shards.owned))
        rival.maintain(now=True)
        assert not rival.owned
        relay.shards.beat()
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
        assert direct.fetch(session, held, [SHARD_LOCKS]) == [(len(relay.shards.owned),)]


def test_a_repeat_after_a_crash_before_the_mark_has_the_same_identity(topic: str, relay: SteppedRelay) -> None:
    stored = append(1)
    relay.drain()
    OutboxEntry.objects.update(published_at=None)
    relay.drain()
    assert [message["eventId"] for message in published(topic)] == [str(stored.event_id)] * 2
    assert uuid.UUID(published(topic)[0]["eventId"]).version == 7


def test_one_that_hangs_before_it_owns_anything_keeps_no_share_free(
    relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has said that it is there, and then nothing more: the others must not leave half of the shards to it."""
    monkeypatch.setattr(shards, "STALE_SECONDS", 1)
    everything = set(relay.shards.owned)
    with closing(direct.connect("hangs")) as session:
        Shards(session, owner="hangs", total=len(everything))

        def taken_again() -> bool:
            relay.shards.maintain(now=True)
            return relay.shards.owned == everything

        assert not taken_again()
        until(taken_again)


def test_answers_that_were_kept_for_a_day_go_away_by_themselves(topic: str, tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(ANSWER, [("old", "25 hours"), ("new", "23 hours")])
    with relaying(tmp_path):
        until(lambda: not IdempotentAnswer.objects.filter(key="old").exists())
    assert IdempotentAnswer.objects.filter(key="new").exists()
