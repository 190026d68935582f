"""What stands in the graph without a stream in the log: nobody's users, nobody's ties."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

from recommendations import graph, log

SCAN: LiteralString = """
MATCH (user:User) WHERE user.userId > $after
WITH user ORDER BY user.userId LIMIT $limit
OPTIONAL MATCH (user)-[:FRIEND|UNFRIENDED]-(other:User)
RETURN user.userId AS id, collect(other.userId) AS others ORDER BY id
"""
NAMELESS: LiteralString = "MATCH (user:User) WHERE user.userId IS NULL RETURN count(user) AS number"
DELETE_NAMELESS: LiteralString = "MATCH (user:User) WHERE user.userId IS NULL DETACH DELETE user"
BELOW_ALL = -(2**63)


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """A range of users in the graph: up to which id it goes, how many they are, the streams that the log lacks."""

    last: int
    size: int
    strays: list[str]


def ranges(*, after: int = BELOW_ALL, limit: int = 500) -> Iterator[Range]:
    """All users behind an id with their ties, range by range."""
    while rows := graph.read(SCAN, {"after": after, "limit": limit}):
        names: set[str] = set()
        for row in rows:
            names.add(f"user-{row['id']}")
            names |= {"friendship-{}-{}".format(*sorted((row["id"], other))) for other in row["others"]}
        after = rows[-1]["id"]
        yield Range(last=after, size=len(rows), strays=log.unknown(sorted(names)))


def nameless() -> int:
    """How many nodes are users without an id."""
    return int(graph.read(NAMELESS, {})[0]["number"])


def delete_nameless() -> None:
    """Take them out."""
    graph.write(lambda transaction: transaction.run(DELETE_NAMELESS).consume())
