"""The ways in which relays of other projects lose events or their order, tried on ours.

T1 to T4 open transactions that overlap; T6 runs several relays; T7 looks at what hands out the numbers.
"""

from contextlib import closing

import pytest
from django.db import connection, transaction

from eventsourcing import direct, store
from eventsourcing.shards import Shards
from tests.integration.eventsourcing.conftest import SteppedRelay, append, joins, told
from tests.integration.eventsourcing.slow import SlowTransaction

pytestmark = pytest.mark.django_db(transaction=True)


def test_t1_an_event_that_commits_late_with_a_lower_position_is_published(topic: str, relay: SteppedRelay) -> None:
    with SlowTransaction(lambda: append(1)) as slow:
        slow.proceed()
        append(2)
        relay.drain()
        assert told(topic) == [("user-2", 1)]
        slow.proceed()
    relay.drain()
    assert sorted(told(topic)) == [("user-1", 1), ("user-2", 1)]


def test_t2_a_position_taken_early_by_a_transaction_without_an_id_is_published(
    topic: str, relay: SteppedRelay
) -> None:
    def take_position() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('events', 'position'))")

    with SlowTransaction(take_position, lambda: append(1)) as slow:
        slow.proceed()
        append(2)
        relay.drain()
        slow.proceed()
        slow.proceed()
    relay.drain()
    assert sorted(told(topic)) == [("user-1", 1), ("user-2", 1)]


def test_t2b_an_older_transaction_that_commits_later_is_published(topic: str, relay: SteppedRelay) -> None:
    def take_transaction_id() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")

    with SlowTransaction(take_transaction_id, lambda: append(2)) as older:
        older.proceed()
        with SlowTransaction(lambda: append(1)) as younger:
            younger.proceed()
            older.proceed()
            older.proceed()
            relay.drain()
            assert told(topic) == [("user-2", 1)]
            younger.proceed()
    relay.drain()
    assert sorted(told(topic)) == [("user-1", 1), ("user-2", 1)]


def test_t3_a_stream_keeps_its_order_whatever_the_order_of_its_transactions_ids(
    topic: str, relay: SteppedRelay
) -> None:
    def take_transaction_id() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")

    with SlowTransaction(take_transaction_id, lambda: append(1, version=2)) as older:
        older.proceed()
        append(1, version=1)
        older.proceed()
        older.proceed()
    relay.drain()
    assert told(topic) == [("user-1", 1), ("user-1", 2)]


def test_t4_a_long_writing_transaction_stalls_nobody(topic: str, relay: SteppedRelay) -> None:
    with SlowTransaction(lambda: append(1)) as long_one:
        long_one.proceed()
        for number in range(2, 7):
            append(number)
        relay.drain()
        assert len(told(topic)) == 5


def test_t5_what_is_marked_is_not_published_again_and_sequences_have_no_gap(topic: str, relay: SteppedRelay) -> None:
    for number in range(1, 6):
        append(number)
        relay.drain()
    relay.drain()
    assert len(told(topic)) == 5
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(sequence ORDER BY sequence) FROM outbox WHERE published_at IS NOT NULL")
        assert cursor.fetchone() == ([1, 2, 3, 4, 5],)


def test_t6_two_relays_never_own_the_same_shard(relay: SteppedRelay) -> None:
    """The first owns all; with a second it gives back half, and each stream has one relay at any time."""
    everything = set(relay.shards.owned)
    with closing(direct.connect("second")) as session:
        second = Shards(session, owner="second", total=len(everything))
        for _ in range(3):
            for shards in (relay.shards, second):
                shards.maintain(now=True)
                assert not relay.shards.owned & second.owned
        assert relay.shards.owned | second.owned == everything
        assert len(second.owned) == len(everything) // 2


def test_t7_positions_are_handed_out_in_order() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename, cache_size FROM pg_sequences WHERE cache_size <> 1")
        assert cursor.fetchall() == []


def test_the_outbox_entry_is_written_with_the_event_or_not_at_all() -> None:
    def crashes_before_the_commit() -> None:
        with transaction.atomic():
            store.append("user-1", expected_version=0, events=[joins(1)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crashes_before_the_commit()
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM outbox)")
        assert cursor.fetchone() == (0, 0)
