"""Where the users service may hold something of a user: the stores that `erased` looks into."""

from functools import partial

from eventsourcing import probes, proof, topicproof
from eventsourcing.event import key_of
from eventsourcing.proof import Finding, counted
from users import events, user


def state(stream: str) -> Finding:
    """The row of the user."""
    found = probes.number("SELECT count(*) FROM users WHERE id = %s", key_of(stream))
    return Finding(store="state", looked_at="the row of the user", found=counted(found, "row"))


def register() -> None:
    """Make them known."""
    proof.register(
        user.CATEGORY,
        state=state,
        events=probes.events,
        personal=probes.personal,
        idempotency=probes.answers,
        kafka=partial(topicproof.probe, topic=events.TOPIC),
    )
    proof.register_repair(topicproof.send_again)
