"""Two processes of a kind: one dies or only stops in the middle of its work, the other one goes on for it."""

import signal
from concurrent.futures import ThreadPoolExecutor

from tests.faults.account import Account, messages
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.faults.steps import CONSUMER, PROJECTOR, RELAY, WEB
from tests.faults.world import World, committed, free_port
from tests.support.client import Client
from tests.support.waiting import eventually, until

UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
OWNERS = "SELECT count(DISTINCT owner), count(*) FROM relay_shards"
MARKS = 'SELECT position, partition, "offset", sequence, published_at FROM outbox ORDER BY position'
LAST = "SELECT DISTINCT ON (stream) position FROM events ORDER BY stream, version DESC"
# Projectors that have tried to lead, in vain.
STANDBYS = """
SELECT count(*) FROM pg_stat_activity one
WHERE datname = current_database() AND application_name = 'recommendations project' AND state = 'idle'
  AND query LIKE 'SELECT pg_try_advisory_lock%%'
  AND NOT EXISTS (SELECT FROM pg_locks WHERE pid = one.pid AND locktype = 'advisory' AND granted)
"""
BEFORE_SEND, AFTER_SEND = RELAY[:2]
AFTER_DATABASE_COMMIT = CONSUMER[2]
BEFORE_GRAPH_COMMIT, AFTER_GRAPH_COMMIT = PROJECTOR[1:]


def until_shared(world: World) -> None:
    """Wait until two relays have half of the shards each."""
    until(lambda: world.sql("users", OWNERS) == [(2, 16)])


def test_a_relay_that_is_killed_is_replaced_in_the_middle_of_its_work(
    world: World, ledger: Ledger, account: Account, everything: bool
) -> None:
    relay = world.processes["users-relay"]
    with world.another("users-relay"):
        for _ in range(10 if everything else 1):
            until_shared(world)
            with Load(ledger).going() as load:
                relay.arm(AFTER_SEND)
                relay.until_dead()
                load.until_answered(20)
            until(lambda: world.sql("users", UNPUBLISHED) == [(0,)])
            account.settle()
            relay.restart()


def test_a_relay_that_comes_back_after_its_shards_went_to_another_overwrites_nothing(
    world: World, ledger: Ledger, account: Account
) -> None:
    """It stopped with events in its hands, before it sent them; the other one sends them, and what came after. What
    it sends late are repeats."""
    relay = world.processes["users-relay"]
    with world.another("users-relay"):
        until_shared(world)
        relay.arm(BEFORE_SEND, signal.SIGSTOP)
        people = ledger.people(12)
        relay.until_struck()
        for user in people:
            ledger.rename(user, "Behind")
        until(lambda: world.sql("users", UNPUBLISHED) == [(0,)])
        marks, told = world.sql("users", MARKS), len(messages(world, "user"))
        last = {row[0] for row in world.sql("users", LAST)}
        relay.signal(signal.SIGCONT)
        until(lambda: len(messages(world, "user")) > told)
        account.settle()
        overwritten = [mark for mark in marks if mark not in world.sql("users", MARKS)]
        assert {mark[0] for mark in overwritten} <= last, "a late mark overwrote that of who had taken over"
        until_shared(world)
        ledger.rename(people[0], "At last")
        account.settle()


def test_a_consumer_that_commits_slowly_across_a_rebalance_loses_and_doubles_nothing(
    world: World, ledger: Ledger, account: Account
) -> None:
    """It has stored a batch and stops before the offset's commit; another one gets its partitions and reads the same
    again; its own late commit counts for nothing."""
    account.settle()
    consumer = world.processes["recommendations-consume"]
    consumer.arm(AFTER_DATABASE_COMMIT, signal.SIGSTOP)
    user = ledger.create()
    consumer.until_struck()
    before = committed(world, "recommendations")
    with world.another("recommendations-consume"):
        ledger.rename(user, "King")
        until(lambda: committed(world, "recommendations") >= before + 2)
        consumer.signal(signal.SIGCONT)
        for number in range(5):
            ledger.rename(user, f"King {number}")
        account.settle()
        assert consumer.running


def test_a_projector_that_is_killed_while_it_leads_is_replaced(
    world: World, ledger: Ledger, account: Account
) -> None:
    projector = world.processes["recommendations-project"]
    account.settle()
    with world.another("recommendations-project"):
        # One that only starts when the other is dead would be no standby.
        until(lambda: world.sql("recommendations", STANDBYS) == [(1,)])
        with Load(ledger).going() as load:
            projector.arm(AFTER_GRAPH_COMMIT)
            projector.until_dead()
            load.until_answered(20)
        account.settle()


def test_a_projector_that_comes_back_after_another_took_over_writes_nothing(
    world: World, ledger: Ledger, account: Account
) -> None:
    """It stops in the middle of a transaction of the graph, with the lock that all writers take turns on."""
    account.settle()
    projector = world.processes["recommendations-project"]
    projector.arm(BEFORE_GRAPH_COMMIT, signal.SIGSTOP)
    user = ledger.create()
    projector.until_struck()
    with world.another("recommendations-project"):
        ledger.rename(user, "Behind")
        account.settle()
        projector.signal(signal.SIGCONT)
        ledger.rename(user, "At last")
        account.settle()
        assert projector.running


def test_a_command_that_commits_late_is_published_by_the_running_relay(
    world: World, ledger: Ledger, account: Account
) -> None:
    """Its event has a lower position than others that are published while its transaction is open."""
    first = ledger.create()
    web = world.processes["users-web"]
    port = free_port()
    with world.another("users-web", PORT=str(port)), ThreadPoolExecutor(1) as pool:
        other = ledger.through({"users": f"http://127.0.0.1:{port}"})
        eventually(lambda: Client(f"http://127.0.0.1:{port}").get("/actuator/health"))
        web.arm(WEB[0], signal.SIGSTOP)
        late = pool.submit(ledger.rename, first, "Late")
        web.until_struck()
        try:
            people = other.people(5)
            published = "SELECT count(*) FROM outbox WHERE stream = ANY(%s) AND published_at IS NOT NULL"
            until(lambda: world.sql("users", published, [[f"user-{user}" for user in people]]) == [(5,)])
        finally:
            web.signal(signal.SIGCONT)
        late.result()
    account.settle()
