"""Where the recommendations service may hold something of a user: the stores that `erased` looks into."""

from functools import partial
from typing import LiteralString

from eventsourcing import probes, proof
from eventsourcing.event import key_of
from eventsourcing.proof import Finding, Unreachable, counted
from recommendations import graph
from recommendations.events import USER_DELETED

LOG = "SELECT event_type, data, personal FROM log WHERE stream = %s ORDER BY stream_version"
PERSONAL = "SELECT count(*) FROM log_personal p JOIN log l USING (event_id) WHERE l.stream = %s"
PERSON: LiteralString = """
MATCH (user:User {userId: $id})
OPTIONAL MATCH (user)-[tie:FRIEND]-()
RETURN properties(user) AS properties, count(tie) AS ties
"""
TOMBSTONE = {"userId", "version", "erased"}


def log(stream: str) -> Finding:
    """The log: the deletion has arrived, and no personal member stands in what is never changed."""
    entries = probes.rows(LOG, stream)
    named = sum(any(f'"{member}":' in str(data) for member in personal) for _, data, personal in entries)
    arrived = any(event_type == USER_DELETED for event_type, _, _ in entries)
    found = ["" if arrived else "no deletion: it has not arrived", counted(named, "entries with personal members")]
    return Finding(store="log", looked_at=f"{len(entries)} entries", found=", ".join(filter(None, found)))


def log_personal(stream: str) -> Finding:
    """The personal members of the log's entries."""
    number = probes.number(PERSONAL, stream)
    return Finding(
        store="log_personal", looked_at="the rows of all its entries", found=counted(number, "entries with names")
    )


def node(stream: str) -> Finding:
    """The user in the graph: nothing but a tombstone, and nobody's friend."""
    try:
        people = graph.read(PERSON, {"id": int(key_of(stream))})
    except graph.Unavailable as error:
        raise Unreachable("the graph does not answer") from error
    members = sorted({name for person in people for name in person["properties"]} - TOMBSTONE)
    alive = any(not person["properties"].get("erased") for person in people)
    found = [
        f"a user with {', '.join(members)}" if members else "",
        "no tombstone: the deletion is not projected" if alive or not people else "",
        counted(sum(person["ties"] for person in people), "friendships"),
    ]
    return Finding(
        store="graph", looked_at=f"{len(people)} nodes and their ties", found=", ".join(filter(None, found))
    )


def register() -> None:
    """Make them known."""
    proof.register(
        "user",
        log=log,
        log_personal=log_personal,
        graph=node,
        erased_streams=probes.erased_streams,
        dead_letters=partial(probes.dead_letters, topic="user"),
    )
