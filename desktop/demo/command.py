"""The demo from beginning to end: load, wait until it is projected, look, compare."""

import argparse
import time
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import networkx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from desktop import status
from desktop.demo import expected, show
from desktop.demo.gateway import Gateway
from desktop.demo.networks import Network, parse
from desktop.errors import DesktopError

Item = TypeVar("Item")
# Ties are made a few at a time; people one after the other, so that the same network gets its ids in the same order.
TIES_AT_A_TIME = 4
# recommendFriends gives so many at most; so many people are compared with networkx.
LIMIT = 100
COMPARED = 100
SECONDS_TO_PROJECT = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `./manage.py demo`."""
    parser.add_argument(
        "--network", default="les-miserables", metavar="karate|les-miserables|random:USERS:TIES[:SEED]"
    )
    parser.add_argument("--gateway", help="another gateway than that of the running system: http://host:port")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """`./manage.py demo`. Raises DesktopError where the system does not answer as it must."""
    network = parse(chosen.network)
    gateway = Gateway(chosen.gateway or _running(chosen))
    console = Console(highlight=False)
    graph = network.graph
    ties = graph.number_of_edges()
    console.print(f"[bold]{network.title}[/]: {len(graph)} people, {ties} ties, by {gateway.url}", soft_wrap=True)
    console.print("[dim]People are created anew each time; those of an earlier demo stay.[/]")
    begun = time.monotonic()
    with _progress(console) as progress:
        ids = _create(gateway, network, progress)
        _befriend(gateway, network, ids, progress)
        loaded = time.monotonic() - begun
        _until_projected(gateway, network, ids, progress)
    console.print(f"Loaded in {loaded:.1f} s, projected after {time.monotonic() - begun:.1f} s.\n")
    show.tour(console, gateway, network, ids, _hero(network))
    return 0


def _running(chosen: argparse.Namespace) -> str:
    found = status.of(chosen.data.resolve())
    if found.supervisor is None:
        raise DesktopError("Nothing runs: ./manage.py up starts the system (or name a gateway with --gateway URL).")
    return found.gateway


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<9}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _create(gateway: Gateway, network: Network, progress: Progress) -> dict[Hashable, int]:
    ids: dict[Hashable, int] = {}

    def create(person: Hashable) -> None:
        ids[person] = gateway.create(*network.name(person))

    _all(create, list(network.graph), progress, "People", at_a_time=1)
    return ids


def _befriend(gateway: Gateway, network: Network, ids: expected.Ids, progress: Progress) -> None:
    def befriend(tie: tuple[Hashable, Hashable]) -> None:
        gateway.befriend(ids[tie[0]], ids[tie[1]])

    _all(befriend, list(network.graph.edges()), progress, "Ties", at_a_time=TIES_AT_A_TIME)


def _all(
    action: Callable[[Item], None], items: list[Item], progress: Progress, title: str, *, at_a_time: int
) -> None:
    """Does something with each, a few at a time; the first failure ends it."""
    task = progress.add_task(title, total=len(items))
    with ThreadPoolExecutor(at_a_time) as pool:
        futures = [pool.submit(action, item) for item in items]
        try:
            for future in futures:
                future.result()
                progress.advance(task)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _until_projected(gateway: Gateway, network: Network, ids: expected.Ids, progress: Progress) -> None:
    """Asks for recommendations until they are what networkx works out, for everybody or for a hundred of them."""
    people = _some(network.graph)
    task = progress.add_task("Projected", total=len(people))
    deadline = time.monotonic() + SECONDS_TO_PROJECT + network.graph.number_of_edges() / 100
    for person in people:
        wanted = expected.recommended(network.graph, ids, person, LIMIT)
        while (found := _ranked(gateway, ids[person])) != wanted:
            if time.monotonic() > deadline:
                raise DesktopError(
                    f"The projection is not there after {SECONDS_TO_PROJECT:.0f} s: user {ids[person]} has "
                    f"{len(found)} recommendations of {len(wanted)} expected. ./manage.py status shows whether the "
                    "relays, consumers and the projector are at work."
                )
            time.sleep(0.1)
        progress.advance(task)


def _ranked(gateway: Gateway, user: int) -> list[tuple[int, int]]:
    return [(int(entry["user"]["id"]), int(entry["weight"])) for entry in gateway.recommended(user, LIMIT)]


def _some(graph: "networkx.Graph[Hashable]") -> list[Hashable]:
    people = list(graph)
    return people[:: max(1, -(-len(people) // COMPARED))]


def _hero(network: Network) -> Hashable:
    """Whom to look at: as the network says, or who has most friends among those who have somebody to meet."""
    if network.hero is not None:
        return network.hero
    graph = network.graph
    ids = {person: place for place, person in enumerate(graph)}
    by_friends: Iterable[Hashable] = sorted(graph, key=lambda person: -len(graph[person]))
    fallback = next(iter(by_friends))
    return next((person for person in by_friends if expected.recommended(graph, ids, person, 1)), fallback)
