"""How events become the graph.

`(:User)` nodes and one `[:FRIEND]` edge from the lower to the higher id. A user of whom only a tie has told is a stub
of version 0; one who was erased stays as the version that said so, without a name; a friendship that ended stays as
`[:UNFRIENDED]`. What is written is guarded by the version that stands
there: any order, and any number of times, gives the same graph.

Every writing transaction changes the one Writer node first. So they take turns, and what one reads after that stays
true until it commits: in Neo4j the others wait, in ArcadeDB the later one fails and is done again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

from neo4j import Transaction

from recommendations import graph
from recommendations.events import Change, Gone, Person, Tie
from recommendations.log import PROJECTOR, Mark, Place

# Notified when a batch is in the graph.
CHANNEL = "graph"

CHECKPOINTS: LiteralString = """
MATCH (c:Checkpoint {name: $name})
RETURN c.topic AS topic, c.partition AS partition, c.position AS position, c.eventId AS eventId
"""
TAKE_TURN: LiteralString = """
MERGE (w:Writer {name: 'graph'}) SET w.turns = coalesce(w.turns, 0) + 1
WITH w
OPTIONAL MATCH (c:Checkpoint {name: $name})
RETURN c.topic AS topic, c.partition AS partition, c.position AS position, c.eventId AS eventId
"""
MOVE: LiteralString = """
UNWIND $moves AS move
MERGE (c:Checkpoint {place: move.place})
SET c.name = $name, c.topic = move.topic, c.partition = move.partition, c.position = move.position,
    c.eventId = move.eventId
"""
PEOPLE: LiteralString = """
UNWIND $rows AS row
MERGE (user:User {userId: row.userId})
WITH user, row
WHERE $exact OR coalesce(user.version, 0) < row.version
SET user = row
"""
# Whatever stands between the two is replaced. An edge that can stay is changed in place, so that who reads meanwhile
# never sees the pair without it.
FRIENDS: LiteralString = """
UNWIND $rows AS row
MERGE (low:User {userId: row.low}) ON CREATE SET low.version = 0
MERGE (high:User {userId: row.high}) ON CREATE SET high.version = 0
WITH low, high, row
OPTIONAL MATCH (low)-[old:FRIEND|UNFRIENDED]-(high)
WITH low, high, row, collect(old) AS olds, coalesce(max(old.version), 0) AS known
WHERE $exact OR known < row.version
WITH low, high, row, olds, head([old IN olds WHERE type(old) = 'FRIEND' AND startNode(old) = low]) AS kept
FOREACH (old IN [old IN olds WHERE kept IS NULL OR old <> kept] | DELETE old)
FOREACH (tie IN CASE WHEN kept IS NULL THEN [] ELSE [kept] END | SET tie = row.properties)
FOREACH (new IN CASE WHEN kept IS NULL THEN [row.properties] ELSE [] END |
    CREATE (low)-[tie:FRIEND]->(high) SET tie = new)
"""
UNFRIENDED: LiteralString = """
UNWIND $rows AS row
MERGE (low:User {userId: row.low}) ON CREATE SET low.version = 0
MERGE (high:User {userId: row.high}) ON CREATE SET high.version = 0
WITH low, high, row
OPTIONAL MATCH (low)-[old:FRIEND|UNFRIENDED]-(high)
WITH low, high, row, collect(old) AS olds, coalesce(max(old.version), 0) AS known
WHERE $exact OR known < row.version
WITH low, high, row, olds, head([old IN olds WHERE type(old) = 'UNFRIENDED' AND startNode(old) = low]) AS kept
FOREACH (old IN [old IN olds WHERE kept IS NULL OR old <> kept] | DELETE old)
FOREACH (tie IN CASE WHEN kept IS NULL THEN [] ELSE [kept] END | SET tie = row.properties)
FOREACH (new IN CASE WHEN kept IS NULL THEN [row.properties] ELSE [] END |
    CREATE (low)-[tie:UNFRIENDED]->(high) SET tie = new)
"""


# Up to where each partition of the log is in the graph.
Checkpoints = dict[Place, Mark]


class CheckpointMoved(Exception):
    """The checkpoints are not where they were when the batch was read: another projector, or another graph."""


def _checkpoints(rows: Iterable[Mapping[str, Any]]) -> Checkpoints:
    return {
        Place(row["topic"], row["partition"]): Mark(position=row["position"], event_id=row["eventId"])
        for row in rows
        if row["topic"] is not None
    }


def checkpoints() -> Checkpoints:
    """Up to where each partition of the log is in the graph."""
    return _checkpoints(graph.read(CHECKPOINTS, {"name": PROJECTOR}))


def take_turn(transaction: Transaction) -> Checkpoints:
    """Begin a writing transaction: wait for the others; the checkpoints as they stay until this one commits."""
    return _checkpoints(graph.rows(transaction, TAKE_TURN, {"name": PROJECTOR}))


def properties(change: Change) -> dict[str, Any]:
    """The properties of the node or edge that a change makes."""
    if isinstance(change, Person):
        return {
            "userId": change.user_id,
            "firstName": change.first_name,
            "lastName": change.last_name,
            "createdAt": change.created_at,
            "lastModified": change.last_modified,
            "version": change.version,
        }
    if isinstance(change, Gone):
        return {"userId": change.user_id, "version": change.version, "erased": True}
    if not change.friends:
        return {"version": change.version}
    return {
        "id": change.id,
        "version": change.version,
        "userId": change.user_id,
        "createdAt": change.created_at,
        "updatedAt": change.updated_at,
    }


def _row(tie: Tie) -> dict[str, Any]:
    return {"low": tie.low, "high": tie.high, "version": tie.version, "properties": properties(tie)}


def newest(changes: Iterable[Change]) -> list[Change]:
    """Of each stream only the change of the highest version."""
    last: dict[str, Change] = {}
    for change in changes:
        known = last.get(change.stream)
        if known is None or known.version < change.version:
            last[change.stream] = change
    return list(last.values())


def write(transaction: Transaction, changes: Sequence[Change], *, exact: bool = False) -> None:
    """Apply changes, at most one of a stream, in the transaction whose turn it is. `exact`: whatever stands there."""
    people = sorted((one for one in changes if isinstance(one, Person | Gone)), key=lambda one: one.user_id)
    ties = sorted((one for one in changes if isinstance(one, Tie)), key=lambda one: (one.low, one.high))
    for statement, rows in (
        (PEOPLE, [properties(person) for person in people]),
        (FRIENDS, [_row(tie) for tie in ties if tie.friends]),
        (UNFRIENDED, [_row(tie) for tie in ties if not tie.friends]),
    ):
        if rows:
            transaction.run(statement, {"rows": rows, "exact": exact}).consume()


def apply(changes: Iterable[Change]) -> None:
    """Apply changes without moving a checkpoint. Raises graph.Unavailable."""
    last = newest(changes)

    def work(transaction: Transaction) -> None:
        take_turn(transaction)
        write(transaction, last)

    graph.write(work)


def project(changes: Iterable[Change], *, before: Checkpoints, moves: Checkpoints) -> None:
    """Apply changes and move the checkpoints, in one transaction. Raises CheckpointMoved, graph.Unavailable.

    `before`: the checkpoints that the batch was read behind; nothing is done where they are others by now.
    """
    last = newest(changes)
    rows = [
        {
            "place": f"{PROJECTOR}/{place.topic}/{place.partition}",
            "topic": place.topic,
            "partition": place.partition,
            "position": checkpoint.position,
            "eventId": checkpoint.event_id,
        }
        for place, checkpoint in sorted(moves.items())
    ]

    def work(transaction: Transaction) -> None:
        if take_turn(transaction) != before:
            raise CheckpointMoved
        write(transaction, last)
        transaction.run(MOVE, {"name": PROJECTOR, "moves": rows}).consume()

    graph.write(work)
