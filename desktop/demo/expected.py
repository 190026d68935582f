"""What the answers must be, worked out by networkx from the network itself: a second opinion."""

from collections.abc import Hashable, Mapping

import networkx

Ids = Mapping[Hashable, int]


def friends(graph: "networkx.Graph[Hashable]", ids: Ids, person: Hashable) -> set[int]:
    """The ids of a person's friends."""
    return {ids[other] for other in graph[person]}


def mutual(graph: "networkx.Graph[Hashable]", ids: Ids, one: Hashable, other: Hashable) -> set[int]:
    """The ids of the people who are friends of both."""
    return {ids[common] for common in networkx.common_neighbors(graph, one, other)}


def recommended(graph: "networkx.Graph[Hashable]", ids: Ids, person: Hashable, limit: int) -> list[tuple[int, int]]:
    """(id, number of mutual friends) of the friends of friends who are not friends, best first, ties by id."""
    near = networkx.single_source_shortest_path_length(graph, person, cutoff=2)
    strangers = [other for other, distance in near.items() if distance == 2]
    ranked = [(ids[other], len(mutual(graph, ids, person, other))) for other in strangers]
    return sorted(ranked, key=lambda pair: (-pair[1], pair[0]))[:limit]
