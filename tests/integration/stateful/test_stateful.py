"""Random commands, crashes at every named step, replays, rebuilds, lost topics, deletions, poison: in the end all
stores agree with what was answered, and nothing is lost or doubled.

The model is the ledger of answers; what must follow from it is computed by the account of `make chaos`.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.conftest import EVERYTHING
from tests.integration.stateful.world import OWNERS, World

Cut = tuple[str, str] | None
EXAMPLES, STEPS = (60, 50) if EVERYTHING else (18, 12)

NAMES = st.sampled_from(["Ada", "Grace", "Jörg", "李"])
SOMEBODY = st.integers(min_value=0, max_value=5)
SERVICE = st.sampled_from(["users", "friends"])
CONSUMERS = st.sampled_from(["friends", "recommendations"])
TOPIC = st.sampled_from(sorted(OWNERS))


def cuts(*places: tuple[str, str]) -> st.SearchStrategy[Cut]:
    """No cut, or one of these, `(function, "before" or "after")`."""
    return st.sampled_from([None, *places])


COMMAND = cuts(
    ("eventsourcing.store.append", "before"),
    ("eventsourcing.idempotency:Scope.store", "after"),
    ("eventsourcing.wakeup.announce", "before"),
)
RELAY = cuts(
    ("eventsourcing.publisher:Publisher._send", "before"),
    ("eventsourcing.publisher:Publisher._send", "after"),
    ("eventsourcing.relay:Relay._mark", "before"),
    ("eventsourcing.relay:Relay._mark", "after"),
)
CONSUME = cuts(
    ("eventsourcing.consumer.handle", "before"),
    ("eventsourcing.consumer.handle", "after"),
    ("kafka:KafkaConsumer.commit", "after"),
)
# In half of all examples, for it takes its time.
LAST = CONSUME | st.none()
PROJECT = cuts(
    ("recommendations.batch.decide", "after"),
    ("recommendations.projection.project", "before"),
    ("recommendations.projection.project", "after"),
)
REBUILD = cuts(
    ("recommendations.rebuild._step", "after"),
)


class Network(RuleBasedStateMachine):
    """What a client knows: who there is, and who is whose friend."""

    world: ClassVar[World]

    @initialize(last=LAST)
    def begin(self, last: Cut) -> None:
        """An empty system, with two people: there is always somebody. `last`: where consumers die in the end."""
        self.world.begin()
        self.last = last
        self.people: list[int] = []
        self.friends: set[tuple[int, int]] = set()
        self.requests = 0
        self.parked = False
        self.create("Ada", None)
        self.create("Grace", None)

    # -- commands ----------------------------------------------------------------------------------------------

    def ask(self, service: str, method: str, path: str, *, kind: str, cut: Cut, **noted: Any) -> Any:
        """A command; one whose process died is asked for again under its key. The answer."""
        self.requests += 1
        names = noted.get("names")
        body = {"firstName": names[0], "lastName": names[1]} if names else None
        headers = {"Idempotency-Key": f"key-{self.requests}"}
        for attempt in (1, 2):
            line = {"request": self.requests, "attempt": attempt, "kind": kind}
            self.world.note("send", **line, **noted)
            headers["X-Request-Id"] = f"chaos-{self.requests}.{attempt}"
            order = {"method": method, "path": path, "body": body, "headers": headers, "users": self.people}
            answer = self.world.tell(service, "command", cut=cut, **order)
            if answer is not None:
                self.world.note("answer", **line, **answer)
                return answer
            cut = None
        raise AssertionError("It was not to be cut off the second time.")

    @rule(name=NAMES, cut=COMMAND)
    def create(self, name: str, cut: Cut) -> None:
        """Somebody joins."""
        answer = self.ask("users", "POST", "/v1/users", kind="create", cut=cut, names=[name, "Person"])
        assert answer["status"] == 201
        self.people.append(answer["body"]["id"])

    def somebody(self, number: int) -> int:
        """One of the last who joined."""
        return self.people[-6:][number % len(self.people[-6:])]

    @rule(one=SOMEBODY, name=NAMES, cut=COMMAND)
    def rename(self, one: int, name: str, cut: Cut) -> None:
        """Somebody is renamed."""
        user = self.somebody(one)
        names = [name, f"Renamed {self.requests}"]
        answer = self.ask("users", "PUT", f"/v1/users/{user}", kind="update", cut=cut, user=user, names=names)
        assert answer["status"] == 200

    @precondition(lambda self: len(self.people) > 2)
    @rule(one=SOMEBODY, cut=COMMAND)
    def delete(self, one: int, cut: Cut) -> None:
        """Somebody leaves; from here on nobody asks about them."""
        user = self.somebody(one)
        answer = self.ask("users", "DELETE", f"/v1/users/{user}", kind="delete", cut=cut, user=user)
        assert answer["status"] == 204
        self.people.remove(user)

    def _of_two(self, verb: str, kind: str, one: int, other: int, cut: Cut) -> tuple[tuple[int, int], int]:
        user, friend = self.somebody(one), self.somebody(other)
        path = f"/v1/users/{user}/commands/{verb}?friendId={friend}"
        answer = self.ask("friends", "POST", path, kind=kind, cut=cut, user=user, friend=friend)
        return (min(user, friend), max(user, friend)), answer["status"]

    @precondition(lambda self: len(self.people) > 1)
    @rule(one=SOMEBODY, other=SOMEBODY, cut=COMMAND)
    def befriend(self, one: int, other: int, cut: Cut) -> None:
        """Two become friends, unless they are."""
        if self.somebody(one) != self.somebody(other):
            pair, status = self._of_two("addFriend", "add", one, other, cut)
            assert status == (409 if pair in self.friends else 201)
            self.friends.add(pair)

    @precondition(lambda self: len(self.people) > 1)
    @rule(one=SOMEBODY, other=SOMEBODY, cut=COMMAND)
    def unfriend(self, one: int, other: int, cut: Cut) -> None:
        """Two are friends no longer, if they were."""
        if self.somebody(one) != self.somebody(other):
            pair, status = self._of_two("removeFriend", "remove", one, other, cut)
            assert status == (204 if pair in self.friends else 404)
            self.friends.discard(pair)

    # -- what moves events -------------------------------------------------------------------------------------

    @rule(service=SERVICE, cut=RELAY, forget=st.integers(min_value=0, max_value=3))
    def relay(self, service: str, cut: Cut, forget: int) -> None:
        """A relay publishes; some acknowledgements may be lost."""
        self.world.tell(service, "relay", cut=cut, forget=forget)

    @rule(service=CONSUMERS, cut=CONSUME, fresh=st.booleans())
    def consume(self, service: str, cut: Cut, fresh: bool) -> None:
        """A consumer takes what there is; `fresh`: what has happened until now is there."""
        for owner in OWNERS.values() if fresh else ():
            self.world.tell(owner, "relay")
        self.world.tell(service, "consume", cut=cut)

    @rule(cut=PROJECT, fresh=st.booleans())
    def project(self, cut: Cut, fresh: bool) -> None:
        """The projector follows the log."""
        if fresh:
            self.consume("recommendations", None, fresh=True)
        self.world.tell("recommendations", "project", cut=cut)

    # -- what operators do, and what befalls them --------------------------------------------------------------

    @rule(topic=TOPIC)
    def make_anew(self, topic: str) -> None:
        """A topic is lost and made again."""
        self.world.delete(topic)
        self.world.make(topic)

    @rule(service=SERVICE)
    def replay(self, service: str) -> None:
        """Everything is published again."""
        assert self.world.tell(service, "manage", command=["replay"]) == ""

    @rule(service=st.sampled_from(["users", "friends", "recommendations"]), cut=REBUILD)
    def rebuild(self, service: str, cut: Cut) -> None:
        """State or graph are made anew."""
        self.world.tell(service, "manage", command=["rebuild"], cut=cut if service == "recommendations" else None)

    @rule(topic=TOPIC, one=SOMEBODY, other=SOMEBODY)
    def poison(self, topic: str, one: int, other: int) -> None:
        """Something that is no event comes under a key that events have too."""
        low, high = sorted((self.somebody(one), self.somebody(other)))
        self.world.poison(topic, f"{low}" if topic == "user" else f"{low}-{high}")
        self.parked = True

    @precondition(lambda self: self.parked)
    @rule()
    def resolve(self) -> None:
        """Somebody deals with the dead letters."""
        for service in ("friends", "recommendations"):
            assert self.world.tell(service, "resolve") == []

    def die_with_news(self, cut: Cut) -> None:
        """Consumers that have stored what came before die with the next event in their hands, and nothing is told to
        them again but by Kafka: nothing else would make good what they lose."""
        self.rename(0, "Grace", None)
        self.world.tell("users", "relay")
        for service in ("friends", "recommendations"):
            self.world.tell(service, "consume", cut=cut)
            self.world.tell(service, "consume")

    def teardown(self) -> None:
        """Everything comes to rest, and is accounted for."""
        if not self.__dict__.get("people"):
            return
        # In this order: what ends with a user is an event of the friends service.
        for service, before in (("friends", "users"), ("recommendations", "friends")):
            self.world.tell(before, "relay")
            self.world.tell(service, "consume")
            assert self.world.tell(service, "resolve") == []
        if self.last:
            self.die_with_news(self.last)
        self.world.tell("recommendations", "project")
        wrong = self.world.check()
        self.world.delete(*OWNERS)
        assert wrong == []


@pytest.fixture(scope="module", autouse=True)
def world() -> Iterator[None]:
    """Three services for all examples."""
    Network.world = World()
    yield
    Network.world.end()


TestNetwork = Network.TestCase
TestNetwork.settings = settings(
    deadline=None,
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
