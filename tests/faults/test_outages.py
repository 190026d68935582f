"""Engines that die under load and come back, with their data or without; deliveries that repeat, in any order."""

import random
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import Any

import orjson
from kafka import KafkaAdminClient, KafkaProducer

from eventsourcing.event import key_of
from tests.faults.account import Account, messages
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.faults.world import World, kill, reached
from tests.support.waiting import eventually, until

TOPICS = ("user", "friend")
READERS = ("friends-consume", "recommendations-consume")
RELAYS = ("users-relay", "friends-relay")
LOGGED = "SELECT count(*) FROM log"
UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


def test_postgresql_killed_under_load(world: World, ledger: Ledger, account: Account, everything: bool) -> None:
    with Load(ledger).going() as load:
        for _ in range(10 if everything else 1):
            load.until_answered(20)
            kill(world.postgresql)
            world.postgresql.start()
            load.until_answered(20)
    account.settle()
    assert ledger.repeated > 0


def test_commands_go_on_without_kafka(world: World, ledger: Ledger, account: Account) -> None:
    with Load(ledger).going() as load:
        kill(world.kafka)
        load.until_answered(60)
        world.kafka.start()
        load.until_answered(20)
    account.settle()


def test_the_log_fills_without_the_graph_and_the_projector_catches_up(
    world: World, ledger: Ledger, account: Account
) -> None:
    kill(world.graph)
    with Load(ledger).going() as load:
        load.until_answered(60)
    until(lambda: world.sql("recommendations", LOGGED) == [(ledger.answered,)])
    world.graph.start()
    account.settle()


@contextmanager
def stopped(world: World, *names: str) -> Iterator[None]:
    """The processes ended while the block runs."""
    for name in names:
        world.processes[name].stop()
    yield
    for name in names:
        if not world.processes[name].running:
            world.processes[name].start()


def _newest(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each stream the message of its last version."""
    return list({one["stream"]: one for one in sorted(found, key=lambda one: one["streamVersion"])}.values())


def produce(world: World, topic: str, found: list[dict[str, Any]]) -> None:
    """Put messages onto a topic by hand, in this order, each with its stream's key."""
    servers = world.environment("users")["KAFKA_BOOTSTRAP_SERVERS"]
    with closing(KafkaProducer(bootstrap_servers=servers, acks="all")) as client:
        for message in found:
            client.send(world.prefix + topic, key=key_of(message["stream"]).encode(), value=orjson.dumps(message))
        client.flush(30)


def test_deliveries_that_repeat_change_nothing(world: World, ledger: Ledger, account: Account) -> None:
    one, other = ledger.people(2)
    ledger.befriend(one, other)
    account.settle()
    chance = random.Random(4)
    for topic in TOPICS:
        told = list(messages(world, topic).values())
        produce(world, topic, chance.choices(told, k=2 * len(told)))
        world.shuffled |= {message["stream"] for message in told}
    ledger.create()
    account.settle()


def test_events_that_come_in_any_order_and_again_give_the_same(
    world: World, ledger: Ledger, account: Account
) -> None:
    """Topics made anew, filled by hand, and read so; then the relays tell everything again."""
    account.settle()
    before = reached(world)
    chance, servers = random.Random(5), world.environment("users")["KAFKA_BOOTSTRAP_SERVERS"]
    with stopped(world, *READERS):
        people = ledger.people(4)
        for one, other in pairwise(people):
            ledger.rename(one, "King")
            ledger.befriend(one, other)
            ledger.unfriend(one, other)
            ledger.befriend(one, other)
        until(lambda: all(world.sql(service, UNPUBLISHED) == [(0,)] for service in ("users", "friends")))
        with stopped(world, *RELAYS):
            told = {topic: list(messages(world, topic).values()) for topic in TOPICS}
            with closing(KafkaAdminClient(bootstrap_servers=servers)) as client:
                client.delete_topics([world.prefix + topic for topic in TOPICS])
            eventually(world.make_topics)
            newest = {topic: _newest(found) for topic, found in told.items()}
            for topic, found in newest.items():
                produce(world, topic, found)
            for name in READERS:
                world.processes[name].start()
            # What is older comes when the graph has what is newer: within one batch the newest alone would count.
            until(lambda: world.sql("recommendations", LOGGED) == [(reached(world),)] and reached(world) > before)
            for topic, found in told.items():
                produce(world, topic, chance.sample(found, len(found)) + chance.choices(found, k=len(found)))
            until(lambda: world.sql("recommendations", LOGGED) == [(ledger.answered,)])
        world.shuffled |= {message["stream"] for found in told.values() for message in found}
    account.settle()


def test_kafka_wiped_is_told_everything_again(world: World, ledger: Ledger, account: Account) -> None:
    """The broker with all of its data, offsets and topics among them: as a new machine would be."""
    one, other = ledger.people(2)
    ledger.befriend(one, other)
    account.settle()
    with Load(ledger).going() as load:
        kill(world.kafka)
        load.until_answered(20)
        shutil.rmtree(world.data / "kafka" / "logs")
        world.kafka.start()
        world.make_topics()
        world.shuffled.clear()
        load.until_answered(20)
    account.settle()
