"""kill -9 at every step of every process. The tables stand in `steps`; a row is a test.

Each time: the trap is armed, work is done until it has caught the process with events in its hands; what is left
behind is what the table says; the process is started again; the account balances.
"""

from typing import Any

import pytest

from tests.faults.account import FRIENDSHIPS, NODES, USERS, Account, messages
from tests.faults.ledger import Ledger
from tests.faults.steps import (
    COMMANDS,
    CONSUMER,
    PROJECTOR,
    RELAY,
    WEB,
    Command,
    Consumer,
    Projector,
    Relay,
    Step,
    Web,
)
from tests.faults.world import World, committed, reached

UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


def named(step: Step) -> str:
    """A step as pytest shows it."""
    return step.name


def of_stream(world: World, stream: str) -> list[dict[str, Any]]:
    """The messages that Kafka has of a stream of users."""
    return [message for message in messages(world, "user").values() if message["stream"] == stream]


@pytest.mark.parametrize("step", RELAY, ids=named)
def test_a_relay_that_is_killed(world: World, ledger: Ledger, account: Account, step: Relay) -> None:
    relay = world.processes["users-relay"]
    relay.arm(step)
    user = ledger.create()
    relay.until_dead()
    assert world.sql("users", UNPUBLISHED) == [(0 if step.marked else 1,)]
    assert len(of_stream(world, f"user-{user}")) == (1 if step.sent else 0)
    ledger.rename(user, "Behind")
    relay.restart()
    account.settle()
    assert len(of_stream(world, f"user-{user}")) == (3 if step.sent and not step.marked else 2)


def happened(world: World, service: str) -> int:
    """How many events a service has."""
    return int(world.sql(service, "SELECT count(*) FROM events")[0][0])


@pytest.mark.parametrize("service", ["users", "friends"])
@pytest.mark.parametrize("step", WEB, ids=named)
def test_a_web_worker_that_is_killed(world: World, ledger: Ledger, account: Account, step: Web, service: str) -> None:
    """gunicorn starts another one; the client asks again under its key."""
    one, other = ledger.people(2)
    # A relay that is still at work on these would find the next event without being woken.
    account.settle()
    web, before = world.processes[f"{service}-web"], happened(world, service)
    web.arm(step)
    with ledger.when_lost(lambda: happened(world, service)) as seen:
        if service == "users":
            ledger.rename(one, "King")
        else:
            ledger.befriend(one, other)
    assert web.until_struck().pid != web.pid, "it was not the worker that died"
    assert seen[0] == before + (1 if step.done else 0)
    account.settle()


CONSUMERS = {
    "friends-consume": ("friends", "SELECT count(*) FROM directory WHERE user_id = %s AND version > 0"),
    "recommendations-consume": ("recommendations", "SELECT count(*) FROM log WHERE stream = 'user-' || %s"),
}
GROUPS = {"friends-consume": "friends-directory", "recommendations-consume": "recommendations"}


@pytest.mark.parametrize("step", CONSUMER, ids=named)
def test_consumers_that_are_killed(world: World, ledger: Ledger, account: Account, step: Consumer) -> None:
    """Both at the same step: Kafka takes its time to give the partitions of a killed one away."""
    account.settle()
    before = {name: committed(world, group) for name, group in GROUPS.items()}
    for name in CONSUMERS:
        world.processes[name].arm(step)
    user = ledger.create()
    for name, (service, stored) in CONSUMERS.items():
        world.processes[name].until_dead()
        assert world.sql(service, stored, [user]) == [(int(step.stored),)]
        assert committed(world, GROUPS[name]) - before[name] == int(step.committed)
    ledger.rename(user, "Behind")
    for name in CONSUMERS:
        world.processes[name].restart()
    account.settle()


@pytest.mark.parametrize("step", PROJECTOR, ids=named)
def test_a_projector_that_is_killed(world: World, ledger: Ledger, account: Account, step: Projector) -> None:
    account.settle()
    projector = world.processes["recommendations-project"]
    before = reached(world)
    projector.arm(step)
    user = ledger.create()
    projector.until_dead()
    shown = world.cypher("MATCH (u:User {userId: $id}) RETURN u.version AS version", id=user)
    assert shown == ([{"version": 1}] if step.shown else [])
    assert reached(world) - before == int(step.shown)
    ledger.rename(user, "Behind")
    projector.restart()
    account.settle()


WRONG = {
    "users": "UPDATE users SET last_name = 'Mallory', version = 1 WHERE id % 2 = 0",
    "friends": "DELETE FROM friendships WHERE low % 2 = 0",
}


def shown(world: World, service: str) -> list[Any]:
    """What whoever asks the service is shown."""
    if service == "recommendations":
        return world.cypher(NODES)
    return world.sql(service, {"users": USERS, "friends": FRIENDSHIPS}[service])


@pytest.mark.parametrize("step", COMMANDS, ids=named)
def test_a_command_that_is_killed_is_run_again(world: World, ledger: Ledger, account: Account, step: Command) -> None:
    """What it was to mend is mended by the second run, whatever the first one left."""
    one, other = ledger.people(2)
    ledger.befriend(one, other)
    account.settle()
    right, mends = shown(world, step.service), step.command[0] != "replay"
    if mends and step.service == "recommendations":
        world.cypher("MATCH (u:User) SET u.firstName = 'Mallory'")
    elif mends:
        world.sql(step.service, WRONG[step.service])
    wrong = shown(world, step.service)
    with world.command(step) as process:
        process.arm(step)
        process.start()
        process.until_dead()
    if step.mended is not None:
        assert shown(world, step.service) == (right if step.mended else wrong)
    if step.service != "users" or not mends:
        ledger.rename(one, "Behind")
    world.manage(step.service, *step.command)
    account.settle()
