"""The graph beside the log, stream by stream: what should stand there, what does, and how to make it so.

Inside the turn of a writing transaction the projector stands still: what the log says up to its checkpoints is then
exactly what the graph must show, whatever happens in the log meanwhile.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, LiteralString

from neo4j import Transaction

from eventsourcing import deadletters
from eventsourcing.event import key_of
from recommendations import graph, log, projection
from recommendations.events import Change, Gone, Person, change
from recommendations.log import PROJECTOR, Entry, Positions

logger = logging.getLogger(__name__)
Read = Callable[[LiteralString, Mapping[str, Any]], list[graph.Row]]
NAME = re.compile(r"(?:user-(-?[0-9]{1,19})|friendship-(-?[0-9]{1,19})-(-?[0-9]{1,19}))\Z")
# What stands in the graph for a stream: a node or edges, each with its type, where it begins, and its properties.
Picture = list[dict[str, Any]]

PEOPLE: LiteralString = """
UNWIND $ids AS id
MATCH (user:User {userId: id})
RETURN id, properties(user) AS properties
"""
TIED: LiteralString = """
UNWIND $ids AS id
MATCH (user:User {userId: id})-[tie:FRIEND|UNFRIENDED]-()
RETURN id, count(tie) AS ties
"""
TIES: LiteralString = """
UNWIND $pairs AS pair
MATCH (low:User {userId: pair.low})-[tie:FRIEND|UNFRIENDED]-(high:User {userId: pair.high})
RETURN DISTINCT pair.low AS low, pair.high AS high, elementId(tie) AS edge, type(tie) AS type,
       startNode(tie).userId AS source, properties(tie) AS properties
"""
DELETE_TIES: LiteralString = """
UNWIND $pairs AS pair
MATCH (low:User {userId: pair.low})-[tie:FRIEND|UNFRIENDED]-(high:User {userId: pair.high})
DELETE tie
"""
RESET_PEOPLE: LiteralString = "UNWIND $ids AS id MATCH (user:User {userId: id}) SET user = {userId: id, version: 0}"
DELETE_PEOPLE: LiteralString = "UNWIND $ids AS id MATCH (user:User {userId: id}) DETACH DELETE user"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A stream of which the graph shows something else than the log says."""

    stream: str
    expected: Picture
    actual: Picture

    def __str__(self) -> str:
        if not self.actual:
            return f"{self.stream}: is missing in the graph"
        if not self.expected:
            return f"{self.stream}: stands in the graph, the log knows nothing of it"
        if len(self.actual) > 1:
            return f"{self.stream}: stands in the graph {len(self.actual)} times"
        expected, actual = self.expected[0], self.actual[0]
        names = sorted(name for name in expected | actual if expected.get(name) != actual.get(name))
        # Which members differ, not what they hold: it may be personal.
        return f"{self.stream}: differs in {', '.join(names)}"


class Streams:
    """Names of streams, as what they are about; those of other categories are left out: no event of them is known."""

    def __init__(self, names: Iterable[str]) -> None:
        self.people: dict[int, str] = {}
        self.ties: dict[tuple[int, int], str] = {}
        for name in names:
            match = NAME.match(name)
            numbers = [int(number) for number in match.groups() if number is not None] if match else []
            # No stream of ours is about a number that does not fit into 64 bits; some poison may be.
            if not all(-(2**63) <= number < 2**63 for number in numbers):
                continue
            if len(numbers) == 1:
                self.people[numbers[0]] = name
            elif len(numbers) == 2:
                self.ties[numbers[0], numbers[1]] = name

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [*self.people.values(), *self.ties.values()]

    @property
    def pairs(self) -> list[dict[str, int]]:
        """The ties as parameters of a statement."""
        return [{"low": low, "high": high} for low, high in sorted(self.ties)]


def unparked(names: Sequence[str]) -> list[str]:
    """Without streams that wait behind a poison event: the graph cannot have them right."""
    parked = deadletters.parked(PROJECTOR, {key_of(name) for name in names})
    return [name for name in names if key_of(name) not in parked]


def said(names: Sequence[str], upto: Positions) -> dict[str, Change]:
    """By stream, what the log says up to the positions. What nobody can read is left to the projector, to park it."""
    return {one.stream: one for one in readable(log.last_entries(names, upto))}


def readable(entries: Iterable[Entry]) -> list[Change]:
    """What the entries say about the graph, without those that cannot be read."""
    found: list[Change] = []
    for entry in entries:
        try:
            found.append(change(entry.event))
        except Exception as error:  # noqa: BLE001 -- the projector parks it, with this error
            logger.warning("%s v%d cannot be read: %s", entry.event.stream, entry.event.version, error)
    return found


def positions(checkpoints: projection.Checkpoints, upto: Positions | None = None) -> dict[log.Place, int]:
    """The checkpoints as positions, where they are behind `upto` that."""
    found = dict(upto or {})
    for place, checkpoint in checkpoints.items():
        found[place] = max(found.get(place, 0), checkpoint.position)
    return found


def _picture(one: Change) -> Picture:
    if isinstance(one, Person | Gone):
        return [{"type": "User", **projection.properties(one)}]
    return [
        {"type": "FRIEND" if one.friends else "UNFRIENDED", "source": one.low, **projection.properties(one)},
    ]


def shown(read: Read, streams: Streams) -> dict[str, Picture]:
    """By stream, what the graph shows."""
    found: dict[str, Picture] = {name: [] for name in streams.names}
    if streams.people:
        for row in read(PEOPLE, {"ids": sorted(streams.people)}):
            found[streams.people[row["id"]]].append({"type": "User", **row["properties"]})
    if streams.ties:
        for row in read(TIES, {"pairs": streams.pairs}):
            edge = {"type": row["type"], "source": row["source"], **row["properties"]}
            found[streams.ties[row["low"], row["high"]]].append(edge)
    return found


def expected(read: Read, streams: Streams, upto: Positions) -> dict[str, Picture]:
    """By stream, what the graph must show when it is made up to the positions.

    A user of whom the log knows nothing must be there as a stub when a tie leads to them.
    """
    changes = said(streams.names, upto)
    found = {name: _picture(changes[name]) if name in changes else [] for name in streams.names}
    unknown = [number for number, name in streams.people.items() if name not in changes]
    if unknown:
        for row in read(TIED, {"ids": sorted(unknown)}):
            found[streams.people[row["id"]]] = [{"type": "User", "userId": row["id"], "version": 0}]
    return found


def _version(picture: Picture) -> int:
    return max((one.get("version") or 0 for one in picture), default=0)


def _ahead(versions: Mapping[str, int]) -> dict[str, Picture]:
    """By stream, what the log says in that version, wherever it stands."""
    return {one.stream: _picture(one) for one in readable(log.entries_at(versions))}


def differences(read: Read, names: Sequence[str], checkpoints: projection.Checkpoints) -> list[Difference]:
    """The streams that the graph does not show as the log has them at the checkpoints.

    What a rebuild has brought ahead of a projector that lags behind is no difference.
    """
    streams = Streams(unparked(names))
    actual, wanted = shown(read, streams), expected(read, streams, positions(checkpoints))
    suspects = [name for name in streams.names if actual[name] != wanted[name]]
    ahead = _ahead(
        {name: _version(actual[name]) for name in suspects if _version(actual[name]) > _version(wanted[name])}
    )
    return [
        Difference(stream=name, expected=wanted[name], actual=actual[name])
        for name in suspects
        if actual[name] != ahead.get(name)
    ]


def replace(transaction: Transaction, names: Sequence[str], upto: Positions) -> None:
    """Make the graph show these streams as the log has them at the positions, whatever it shows now."""
    projection.write(transaction, list(said(names, upto).values()), exact=True)


def remove(transaction: Transaction, names: Sequence[str]) -> None:
    """Take out of the graph what the log knows nothing of; users to whom a tie leads become stubs."""
    streams = Streams(names)
    transaction.run(DELETE_TIES, {"pairs": streams.pairs}).consume()
    read = partial(graph.rows, transaction)
    tied = {row["id"] for row in read(TIED, {"ids": sorted(streams.people)})}
    transaction.run(RESET_PEOPLE, {"ids": sorted(tied)}).consume()
    transaction.run(DELETE_PEOPLE, {"ids": sorted(set(streams.people) - tied)}).consume()
