"""The demo's networks, names, and its second opinion."""

from collections.abc import Hashable

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.demo import expected, names, networks
from desktop.errors import DesktopError

NETWORKS = ("karate", "les-miserables", "random:50:120", "random:700:1000:3")
SIZES = {
    "karate": (34, 78),
    "les-miserables": (77, 254),
    "random:50:120": (50, 120),
    "random:700:1000:3": (700, 1000),
}


@pytest.mark.parametrize("text", NETWORKS)
def test_a_network_has_the_people_and_ties_that_it_promises(text: str) -> None:
    graph = networks.parse(text).graph
    assert (len(graph), graph.number_of_edges()) == SIZES[text]
    assert not list(networkx.selfloop_edges(graph))


@pytest.mark.parametrize("text", NETWORKS)
def test_everybody_has_a_first_and_a_last_name_of_their_own(text: str) -> None:
    network = networks.parse(text)
    people = [network.name(person) for person in network.graph]
    assert len(set(people)) == len(people)
    assert all(part == part.strip() and part.isprintable() and part for name in people for part in name)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Valjean", ("Jean", "Valjean")),
        ("MmeMagloire", ("Madame", "Magloire")),
        ("MlleGillenormand", ("Mademoiselle", "Gillenormand")),
        ("CountessDeLo", ("Countess", "De Lo")),
        ("Woman2", ("Second", "Woman")),
        ("Joly", ("Monsieur", "Joly")),
    ],
)
def test_the_names_are_those_of_the_book(label: str, name: tuple[str, str]) -> None:
    assert names.of_misérables(label) == name


def test_every_better_name_is_of_somebody_in_the_network() -> None:
    assert set(names.GIVEN) <= set(networkx.les_miserables_graph())


def edges(text: str) -> list[tuple[Hashable, Hashable]]:
    return list(networks.parse(text).graph.edges())


def test_a_seed_gives_the_same_network_again() -> None:
    assert edges("random:50:120:7") == edges("random:50:120:7")
    assert edges("random:50:120:7") != edges("random:50:120:8")
    assert edges("random:50:120:0") != edges("random:50:120:1") == edges("random:50:120")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "facebook",
        "random:",
        "random:1:0",
        "random:5",
        "random:5:11",
        "random:5:-1",
        "random:5:5:1:1",
        "random:a:b",
    ],
)
def test_what_is_no_network_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(DesktopError, match="random"):
        networks.parse(text)


def test_the_expected_recommendations_are_ranked_and_ties_go_by_id() -> None:
    graph: networkx.Graph[Hashable] = networkx.Graph(
        [("me", "a"), ("me", "b"), ("a", "x"), ("b", "x"), ("a", "y"), ("b", "z"), ("x", "far")]
    )
    ids: dict[Hashable, int] = {"me": 1, "a": 2, "b": 3, "x": 9, "y": 8, "z": 7, "far": 4}
    assert expected.recommended(graph, ids, "me", 10) == [(9, 2), (7, 1), (8, 1)]
    assert expected.recommended(graph, ids, "me", 2) == [(9, 2), (7, 1)]
    assert expected.friends(graph, ids, "me") == {2, 3}
    assert expected.mutual(graph, ids, "me", "x") == {2, 3}


@given(st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda tie: tie[0] < tie[1])))
def test_nobody_is_recommended_to_themselves_to_a_friend_or_twice(ties: set[tuple[int, int]]) -> None:
    graph: networkx.Graph[Hashable] = networkx.Graph()
    graph.add_nodes_from(range(9))
    graph.add_edges_from(ties)
    ids = {person: 100 - int(str(person)) for person in graph}
    for person in graph:
        found = [user for user, _ in expected.recommended(graph, ids, person, 100)]
        assert len(set(found)) == len(found)
        assert not set(found) & ({ids[person]} | expected.friends(graph, ids, person))
