"""All checks of an account."""

import random

from chaos.account import journey, linear, standing
from chaos.account.findings import Findings
from chaos.account.ledger import Ledger
from chaos.account.stores import Stores
from chaos.account.world import World

SAMPLE = 40
DOMAIN = {"users": "user", "friends": "friend"}


def all_of(ledger: Ledger, world: World, stores: Stores) -> Findings:
    """Every check, in the order of the way that an event takes."""
    yield from linear.check(ledger, world)
    yield from linear.unknown_people(ledger, world)
    for service, topic in DOMAIN.items():
        prefix = "user-" if service == "users" else "friendship-"
        yield from journey.stored(world, prefix, stores[service]["events"])
        yield from journey.outbox(stores[service]["events"], stores[service]["outbox"])
        anew = stores["anew"].get(topic, 0)
        yield from journey.published(stores[service]["events"], stores["kafka"][topic], topic, anew=anew > 0)
        yield from journey.logged(stores[service]["events"], stores["recommendations"]["log"], topic, anew=anew)
    yield from journey.positions(stores["recommendations"]["log"])
    yield from journey.letters(stores)
    yield from standing.users_state(world, stores["users"]["state"])
    yield from standing.friends_state(world, stores["friends"]["state"])
    yield from standing.departures(world)
    yield from standing.directory(world, stores["friends"]["directory"])
    yield from standing.checkpoints(stores["recommendations"]["log"], stores["graph"]["checkpoints"])
    yield from standing.graph_people(world, stores["graph"]["people"])
    yield from standing.graph_ties(world, stores["graph"]["ties"])
    yield from standing.answered(world, stores.get("answers", {}))


def sample(world: World, seed: int) -> tuple[list[int], list[tuple[int, int]]]:
    """People, and pairs of them, of whom the gateway is asked."""
    chooser = random.Random(seed)  # noqa: S311 -- a sample, no secret
    everybody = sorted(world.people)
    people = chooser.sample(everybody, min(SAMPLE, len(everybody)))
    pairs = [tuple(chooser.sample(everybody, 2)) for _ in range(SAMPLE if len(everybody) > 1 else 0)]
    return people, [(one, other) for one, other in pairs]
