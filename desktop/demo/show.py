"""Three questions about one person, with the answers beside those of networkx."""

from collections.abc import Hashable, Iterable

from rich.console import Console
from rich.table import Table

from desktop.demo import expected
from desktop.demo.gateway import Gateway
from desktop.demo.networks import Network
from desktop.errors import DesktopError

SHOWN = 10


def tour(console: Console, gateway: Gateway, network: Network, ids: expected.Ids, hero: Hashable) -> None:
    """Shows the hero's friends, whom it should know, and why. Raises DesktopError where an answer is wrong."""
    people = {ids[person]: " ".join(network.name(person)) for person in network.graph}
    graph, user, name = network.graph, ids[hero], " ".join(network.name(hero))

    friends = gateway.friends(user)
    _same(f"friends of {user}", set(friends), expected.friends(graph, ids, hero))
    console.print(_people(f"Friends of {name}", [(friend, people[friend]) for friend in sorted(friends)]))
    console.print(f"[dim]curl {gateway.url}/friend/v1/users/{user}/friends[/]\n", soft_wrap=True)

    found = gateway.recommended(user, SHOWN)
    ranked = [(int(entry["user"]["id"]), int(entry["weight"])) for entry in found]
    _same(f"recommendations for {user}", ranked, expected.recommended(graph, ids, hero, SHOWN))
    console.print(_recommendations(f"Whom {name} should know", found))
    console.print(
        f"[dim]curl {gateway.url}/recommendation/v1/users/{user}/commands/recommendFriends[/]\n", soft_wrap=True
    )

    if ranked:
        _why(console, gateway, network, ids, hero, ranked[0][0])
    console.print("[green]The same as networkx works out from the network itself.[/]")


def _why(console: Console, gateway: Gateway, network: Network, ids: expected.Ids, hero: Hashable, best: int) -> None:
    other = next(person for person, number in ids.items() if number == best)
    mutual = gateway.mutual(ids[hero], best)
    found = {int(person["id"]) for person in mutual}
    _same(f"mutual friends of {ids[hero]} and {best}", found, expected.mutual(network.graph, ids, hero, other))
    title = f"Why: mutual friends of {' '.join(network.name(hero))} and {' '.join(network.name(other))}"
    console.print(_people(title, [(int(p["id"]), f"{p['firstName']} {p['lastName']}") for p in mutual]))
    path = f"/recommendation/v1/users/{ids[hero]}/commands/findMutualFriends?friendId={best}"
    console.print(f"[dim]curl '{gateway.url}{path}'[/]\n", soft_wrap=True)


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise DesktopError(f"The {what} are {found}, but networkx says {wanted}.")


def _people(title: str, rows: Iterable[tuple[int, str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", min_width=len(title))
    table.add_column("Id", justify="right")
    table.add_column("Name")
    for number, name in rows:
        table.add_row(str(number), name)
    return table


def _recommendations(title: str, found: list[dict[str, dict[str, object]]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", min_width=len(title))
    for column in ("Id", "Name", "Mutual friends"):
        table.add_column(column, justify="left" if column == "Name" else "right")
    for entry in found:
        person = entry["user"]
        table.add_row(str(person["id"]), f"{person['firstName']} {person['lastName']}", str(entry["weight"]))
    return table
