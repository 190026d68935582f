"""Networks to load: two published ones that networkx carries, and random ones."""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import networkx

from desktop.demo import names
from desktop.errors import DesktopError

MOST_USERS = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """People and their ties. `hero` is whom the tour looks at; None: whoever has most ties and somebody to meet."""

    title: str
    graph: "networkx.Graph[Hashable]"
    name: Callable[[Hashable], tuple[str, str]]
    hero: Hashable | None = None


def parse(text: str) -> Network:
    """The network that `--network` names: karate, les-miserables or random:USERS:TIES[:SEED]. Raises DesktopError."""
    if text == "karate":
        title = "Zachary's karate club (1977)"
        return Network(title=title, graph=networkx.karate_club_graph(), name=names.invented)
    if text == "les-miserables":
        return Network(
            title="Who appears together in Les Misérables (Knuth, 1993)",
            graph=networkx.les_miserables_graph(),
            name=lambda label: names.of_misérables(str(label)),
            hero="Cosette",
        )
    if text.startswith("random:"):
        return _random(text)
    raise DesktopError(f"{text!r} is no network: karate, les-miserables or random:USERS:TIES[:SEED].")


def _random(text: str) -> Network:
    match = re.fullmatch(r"random:(\d{1,9}):(\d{1,9})(?::(\d{1,9}))?", text)
    if match is None:
        raise DesktopError(f"{text!r} is not random:USERS:TIES[:SEED] with whole numbers.")
    users, ties, seed = (int(1 if number is None else number) for number in match.groups())
    most = users * (users - 1) // 2
    if not 2 <= users <= MOST_USERS or not 0 <= ties <= most:
        raise DesktopError(f"A random network has 2 to {MOST_USERS} users, and {users} users at most {most} ties.")
    graph = networkx.gnm_random_graph(users, ties, seed=seed)
    return Network(title=f"{users} people, {ties} random ties, seed {seed}", graph=graph, name=names.invented)
