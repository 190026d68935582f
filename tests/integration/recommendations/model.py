"""What the graph must be and the queries must answer, by a fold of its own in plain Python; and what the graph is."""

from collections.abc import Iterable
from typing import Any

from eventsourcing.event import Event
from recommendations import graph
from tests.integration.recommendations.histories import History

Graph = tuple[dict[int, dict[str, Any]], dict[tuple[int, int], list[tuple[str, dict[str, Any]]]]]
Record = dict[str, Any]


def fold(events: Iterable[Event]) -> Graph:
    """Users and edges, whatever the order of the events."""
    last: dict[str, Event] = {}
    for event in events:
        if event.stream not in last or last[event.stream].version < event.version:
            last[event.stream] = event
    users: dict[int, dict[str, Any]] = {}
    edges: dict[tuple[int, int], list[tuple[str, dict[str, Any]]]] = {}
    for event in last.values():
        subject = dict(event.subject)
        if event.stream.startswith("user-"):
            number = subject.pop("id")
            if event.type == "USER_DELETED":
                users[number] = {"userId": number, "version": event.version, "erased": True}
                continue
            users[number] = {"userId": number, **subject, "version": event.version}
            continue
        del subject["friendId"]
        low, high = (int(part) for part in event.stream.split("-")[1:])
        friends = event.type == "FRIEND_ADDED"
        properties = {**subject, "version": event.version} if friends else {"version": event.version}
        edges[low, high] = [("FRIEND" if friends else "UNFRIENDED", properties)]
    for pair in edges:
        for number in pair:
            users.setdefault(number, {"userId": number, "version": 0})
    return users, edges


def shown() -> Graph:
    """Users and edges as they stand in the graph; a pair's edges in both directions under the pair as it stands."""
    users = graph.read("MATCH (user:User) RETURN user.userId AS id, properties(user) AS properties", {})
    ties = graph.read(
        "MATCH (low:User)-[tie]->(high:User) "
        "RETURN low.userId AS low, high.userId AS high, type(tie) AS type, properties(tie) AS properties",
        {},
    )
    edges: dict[tuple[int, int], list[tuple[str, dict[str, Any]]]] = {}
    for row in ties:
        edges.setdefault((row["low"], row["high"]), []).append((row["type"], row["properties"]))
    return {row["id"]: row["properties"] for row in users}, edges


def record(history: History, number: int) -> Record:
    """The user as the users service shows them."""
    subjects = [event.subject for event in history.events if event.stream == f"user-{number}"]
    return dict(subjects[-1])


def mutual_friends(history: History, one: int, other: int) -> list[Record]:
    """Who is a friend of both."""
    if one == other:
        return []
    both = history.friends_of(one) & history.friends_of(other) & history.named
    return [record(history, number) for number in sorted(both)]


def recommended_friends(history: History, me: int, limit: int = 20) -> list[Record]:
    """Who shares the most friends with me and is none of mine."""
    mine, weights = history.friends_of(me), dict[int, int]()
    for friend in mine & history.named:
        for candidate in (history.friends_of(friend) & history.named) - mine - {me}:
            weights[candidate] = weights.get(candidate, 0) + 1
    ranked = sorted(weights.items(), key=lambda entry: (-entry[1], entry[0]))[:limit]
    return [{"user": record(history, number), "weight": weight} for number, weight in ranked]
