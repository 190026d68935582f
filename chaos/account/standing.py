"""What must stand in the end, in tables, graph and answers, given the world that the ledger's answers make."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chaos.account.findings import DOUBLED, LOST, WRONG, Finding, Findings
from chaos.account.journey import by_partition
from chaos.account.stores import Row
from chaos.account.world import Friends, World


def _compare(expected: Mapping[str, Row], actual: Iterable[tuple[str, Row]], store: str) -> Findings:
    """Rows by stream: each expected one exactly once and as expected, and no others."""
    seen: Counter[str] = Counter()
    for stream, row in actual:
        seen[stream] += 1
        wanted = expected.get(stream)
        if wanted is None:
            yield Finding(kind=DOUBLED, what=f"{store}: nothing that was accepted made it", stream=stream)
        elif different := sorted(name for name in {*wanted, *row} if wanted.get(name) != row.get(name)):
            yield Finding(kind=WRONG, what=f"{store} differs in {', '.join(different)}", stream=stream)
    for stream in expected:
        if seen[stream] != 1:
            kind = DOUBLED if seen[stream] else LOST
            yield Finding(kind=kind, what=f"{store} has it {seen[stream]} times", stream=stream)


def users_state(world: World, rows: Sequence[Row]) -> Findings:
    """The table of users is what the answers said."""
    versions = world.versions("user-")
    expected = {
        f"user-{user}": {
            "id": user,
            "first_name": record["firstName"],
            "last_name": record["lastName"],
            "created_at": record["createdAt"],
            "last_modified": record["lastModified"],
            "version": versions[f"user-{user}"],
        }
        for user, record in world.people.items()
    }
    yield from _compare(expected, ((f"user-{row['id']}", row) for row in rows), "the table of users")


def friends_state(world: World, rows: Sequence[Row]) -> Findings:
    """The table of friendships is what the answers said, ended ones with their last version."""
    expected = {}
    for tie in world.ties:
        record = tie.record
        expected[f"friendship-{tie.low}-{tie.high}"] = {
            "id": record.get("id"),
            "low": tie.low,
            "high": tie.high,
            "user_id": record.get("userId"),
            "active": tie.active,
            "created_at": record.get("createdAt"),
            "version": tie.version,
        }
    found = (
        (f"friendship-{row['low']}-{row['high']}", {name: row[name] for name in row if name != "updated_at"})
        for row in rows
    )
    yield from _compare(expected, found, "the table of friendships")
    numbers = Counter(row["id"] for row in rows)
    for row in rows:
        if numbers[row["id"]] > 1:
            what = f"friend record {row['id']} is of several pairs"
            yield Finding(kind=DOUBLED, what=what, stream=f"friendship-{row['low']}-{row['high']}")


def directory(world: World, rows: Sequence[Row]) -> Findings:
    """The friends service knows every user, up to its last event."""
    gone = world.departed
    expected = {
        stream: {"user_id": int(stream[5:]), "version": number, "deleted": int(stream[5:]) in gone}
        for stream, number in world.versions("user-").items()
    }
    yield from _compare(expected, ((f"user-{row['user_id']}", row) for row in rows), "the friends' directory")


def checkpoints(log: Sequence[Row], found: Sequence[Row]) -> Findings:
    """The graph is made up to the log's end, in every partition."""
    ends = {place: numbers[-1] for place, numbers in by_partition(log).items()}
    made = {(row["topic"], row["partition"]): row["position"] for row in found}
    for place in sorted({*ends, *made}):
        if ends.get(place) != made.get(place):
            what = f"the graph is at {made.get(place)} of {ends.get(place)} in {place[0]} {place[1]}"
            yield Finding(kind=LOST, what=what)


def graph_people(world: World, rows: Sequence[Row]) -> Findings:
    """Every user is one node of the graph, as it was answered last; of those deleted only that is left."""
    versions = world.versions("user-")
    expected = {
        f"user-{user}": {
            "userId": user,
            "version": versions[f"user-{user}"],
            **{name: value for name, value in record.items() if name != "id"},
        }
        for user, record in world.people.items()
    }
    for user in world.departed:
        expected[f"user-{user}"] = {"userId": user, "version": versions[f"user-{user}"], "erased": True}
    actual = ((f"user-{row['properties'].get('userId')}", row["properties"]) for row in rows)
    yield from _compare(expected, actual, "the graph")


def departures(world: World) -> Findings:
    """Nobody is a friend of somebody who was deleted."""
    gone = world.departed
    for tie in world.ties:
        for user in (tie.low, tie.high):
            if tie.active and user in gone:
                what = f"it goes on, although {user} was deleted"
                stream = f"friendship-{tie.low}-{tie.high}"
                yield Finding(kind=WRONG, what=what, stream=stream, requests=[gone[user].name])


def graph_ties(world: World, rows: Sequence[Row]) -> Findings:
    """Every friendship is one edge from the lower to the higher id; an ended one left its version."""
    expected = {}
    for tie in world.ties:
        record = {"id", "userId", "createdAt", "updatedAt"} if tie.active else set()
        told = {name: value for name, value in tie.record.items() if name in record}
        kind = "FRIEND" if tie.active else "UNFRIENDED"
        expected[f"friendship-{tie.low}-{tie.high}"] = {"type": kind, "version": tie.version, **told}
    actual = ((f"friendship-{row['low']}-{row['high']}", {"type": row["type"], **row["properties"]}) for row in rows)
    yield from _compare(expected, actual, "the graph")


def answered(world: World, answers: Mapping[str, Any]) -> Findings:
    """What the gateway says of the sampled people is what follows from the ledger."""
    friends = Friends(world)
    for path, answer in answers.items():
        expected = _follows(friends, path)
        said = _said(path, answer) if isinstance(answer, list) else answer
        if said != expected:
            stream = f"user-{_number(path)}"
            yield Finding(kind=WRONG, what=f"GET {path} answers {said}, not {expected}", stream=stream)


def _number(path: str) -> int:
    return int(path.split("/users/")[1].partition("/")[0])


def _follows(friends: Friends, path: str) -> Any:
    number = _number(path)
    if path.endswith("/friends"):
        return sorted(friends.of(number))
    if path.endswith("/recommendFriends"):
        return [(other, weight, friends.people[other]) for other, weight in friends.recommended(number)]
    if "friendId=" in path:
        return [friends.people[one] for one in friends.mutual(number, int(path.partition("friendId=")[2]))]
    return friends.people[number]


def _said(path: str, answer: Sequence[Row]) -> Any:
    if path.endswith("/friends"):
        return sorted(record["friendId"] for record in answer)
    if path.endswith("/recommendFriends"):
        return [(one["user"]["id"], one["weight"], one["user"]) for one in answer]
    return answer
