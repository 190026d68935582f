"""Where the friends service may hold something of a user: the stores that `erased` looks into."""

from functools import partial

from eventsourcing import probes, proof
from eventsourcing.event import key_of
from eventsourcing.proof import Finding, counted

DIRECTORY = "SELECT deleted FROM directory WHERE user_id = %s"
FRIENDSHIPS = "SELECT count(*) FROM friendships WHERE (low = %s OR high = %s) AND active"


def directory(stream: str) -> Finding:
    """The directory: it must know that the user is deleted, or anybody could bring them back."""
    rows = probes.rows(DIRECTORY, key_of(stream))
    found = "" if rows == [(True,)] else "no tombstone: the deletion has not arrived"
    return Finding(store="directory", looked_at="the row of the user", found=found)


def friendships(stream: str) -> Finding:
    """The friendships of the user that go on."""
    number = probes.number(FRIENDSHIPS, key_of(stream), key_of(stream))
    return Finding(store="friendships", looked_at="those of the user", found=counted(number, "that go on"))


def register() -> None:
    """Make them known."""
    proof.register(
        "user",
        directory=directory,
        friendships=friendships,
        erased_streams=probes.erased_streams,
        dead_letters=partial(probes.dead_letters, topic="user"),
    )
