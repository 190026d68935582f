"""Everything again to a topic made anew: the order within each stream holds whatever is new meanwhile.

A compacted topic keeps the last message of a key: an older version behind a newer one would stay for ever.
"""

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path

import pytest

from eventsourcing import direct
from eventsourcing import relay as relays
from eventsourcing.models import OutboxEntry
from eventsourcing.relay import Relay
from service.runner import Heartbeat, Stopper
from tests.integration.eventsourcing.conftest import SteppedRelay, append, told
from tests.integration.eventsourcing.test_consumer import make_anew

pytestmark = pytest.mark.django_db(transaction=True)
A_DAY = 24 * 60 * 60.0


def by_stream(messages: list[tuple[str, int]]) -> dict[str, list[int]]:
    """The versions of each stream in the order of the topic."""
    ordered = sorted(messages, key=lambda one: one[0])
    return {stream: [version for _, version in found] for stream, found in groupby(ordered, key=lambda one: one[0])}


@contextmanager
def another(folder: Path) -> Iterator[SteppedRelay]:
    """A relay beside the one that owns every shard."""
    made = Relay(stopper=Stopper(), heartbeat=Heartbeat("another", folder))
    with closing(direct.connect("another relay")) as connection:
        yield SteppedRelay(connection, "another", made)
    made.close()


def anew(topic: str, relay: SteppedRelay) -> None:
    """Make the topic anew, and have the relay ask."""
    make_anew(topic)
    relay.relay.forget_topics()


def test_what_is_new_comes_behind_what_its_stream_lacks(topic: str, relay: SteppedRelay) -> None:
    for version in (1, 2, 3, 4):
        append(42, version)
    relay.drain()
    anew(topic, relay)
    append(42, 5)
    relay.drain()
    assert told(topic) == [("user-42", version) for version in range(1, 6)]


def test_until_it_is_noticed_a_new_event_comes_first_and_then_its_whole_stream(
    topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (1, 2, 3):
        append(42, version)
    relay.drain()
    present = relay.relay._topic_ids.current()
    make_anew(topic)
    append(42, 4)
    with monkeypatch.context() as patch:
        patch.setattr(relay.relay._topic_ids, "current", lambda: present)
        relay.drain()
    assert told(topic) == [("user-42", 4)]
    relay.relay.forget_topics()
    relay.drain()
    assert told(topic) == [("user-42", version) for version in (4, 1, 2, 3, 4)]


def test_also_where_a_batch_does_not_hold_it_all(
    topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "BATCH", 3)
    for version in range(1, 11):
        append(42, version)
        append(43, version)
    relay.drain()
    anew(topic, relay)
    for number in range(1, 6):
        append(number)
    append(42, 11)
    relay.drain()
    found = by_stream(told(topic))
    assert found.pop("user-42") == list(range(1, 12))
    assert found.pop("user-43") == list(range(1, 11))
    assert found == {f"user-{number}": [1] for number in range(1, 6)}


def test_also_under_load(topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "BATCH", 7)
    chance = random.Random(11)
    versions = dict.fromkeys(range(1, 13), 4)
    for version in (1, 2, 3, 4):
        for number in versions:
            append(number, version)
    relay.drain()
    anew(topic, relay)
    for _ in range(30):
        for number in chance.sample(sorted(versions), 3):
            versions[number] += 1
            append(number, versions[number])
        relay.relay.step(relay.connection, relay.shards)
    relay.drain()
    assert by_stream(told(topic)) == {
        f"user-{number}": list(range(1, last + 1)) for number, last in sorted(versions.items())
    }
    assert len(set(OutboxEntry.objects.values_list("topic_id", flat=True))) == 1
    sequences = OutboxEntry.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(sequences) == list(range(1, sum(versions.values()) + 1)), "told again beside new ones, it left gaps"


def test_an_offset_that_goes_back_has_it_noticed_with_the_next_batch(topic: str, relay: SteppedRelay) -> None:
    """The topic is made anew between the look at its id and the send."""
    relay.relay._topic_ids._every = A_DAY
    for version in (1, 2, 3):
        append(42, version)
    relay.drain()
    make_anew(topic)
    append(42, 4)
    append(43)
    relay.drain()
    found = by_stream(told(topic))
    assert found == {"user-42": [4, 1, 2, 3, 4], "user-43": [1, 1]}
    assert len(set(OutboxEntry.objects.values_list("topic_id", flat=True))) == 1


def test_a_relay_that_has_not_noticed_yet_does_not_begin_again_where_another_has_told_it_all(
    topic: str, relay: SteppedRelay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes over from one that has; a batch holds less than the stream, which would end with an old version."""
    for version in (1, 2, 3):
        append(42, version)
    relay.drain()
    with another(tmp_path) as heir:
        heir.relay._topic_ids._every = A_DAY
        heir.drain()
        anew(topic, relay)
        relay.drain()
        relay.connection.close()
        heir.shards.maintain(now=True)
        monkeypatch.setattr(relays, "BATCH", 2)
        heir.drain()
    assert told(topic) == [("user-42", 1), ("user-42", 2), ("user-42", 3)]
