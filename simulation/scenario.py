"""The clients: each takes the next step of the plan, sends it to the gateway, and looks around. Importing this
patches the standard library for gevent (locust does): nothing but a process of the simulation's own may do so."""

import itertools
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.pool import Pool
from locust import FastHttpUser, constant, task
from locust.exception import StopUser

from simulation.behaviour import Look, Read, looks
from simulation.measures import Measures
from simulation.population import Arrival, Step, Tie

# No answer, or refused for now (by a rate limit, or because an instance is away): sent again when the answer says.
LATER = (0, 429, 503)
TRIES = 6
LONGEST_PAUSE = 10.0
# A friendship is watched until it is recommended: not of everybody, and not for ever.
WATCHED_AT_A_TIME = 4
WATCH_EVERY = 0.05
WATCH_SECONDS = 30.0
LISTED = 100


@dataclass(kw_only=True)
class Settings:
    """What a run is to do."""

    host: str
    clients: int
    reads: int
    follow: float
    seed: int
    headers: dict[str, str]
    seconds: float | None


@dataclass
class World:
    """What the clients share: the plan and how far it is, everybody's id, what is measured."""

    settings: Settings
    steps: Sequence[Step]
    measures: Measures = field(default_factory=Measures)
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.finished = 0
        # How many have arrived by each step, as the plan has it.
        self.arrived = list(itertools.accumulate(isinstance(step, Arrival) for step in self.steps))
        self.next = iter(enumerate(self.steps))
        self.ids: list[AsyncResult[int | None]] = [AsyncResult() for step in self.steps if isinstance(step, Arrival)]
        self.friends: list[list[int]] = [[] for _ in self.ids]
        self.taken = {frozenset((step.one, step.other)) for step in self.steps if isinstance(step, Tie)}
        # Who arrived, by the id that the system gave them, and the other way round.
        self.people: dict[int, int] = {}
        self.known: dict[int, int] = {}
        self.watching = Pool(WATCHED_AT_A_TIME)

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.begun


class Person(FastHttpUser):
    """One client of the gateway. `world` is given by the run."""

    abstract = True
    world: World
    wait_time = constant(0)
    connection_timeout = network_timeout = 30.0
    insecure = False

    @task
    def step(self) -> None:
        """The next step of the plan, and the looks that come with it."""
        number, step = next(self.world.next, (-1, None))
        if step is None:
            raise StopUser
        try:
            self.take(number, step)
        finally:
            self.world.finished += 1

    def take(self, number: int, step: Step) -> None:
        """One step and its looks."""
        if isinstance(step, Arrival):
            self.arrive(step)
        else:
            self.befriend(step)
        settings = self.world.settings
        for look in looks(settings.seed, number, self.world.arrived[number], settings.reads, settings.follow):
            self.look(look)

    def arrive(self, step: Arrival) -> None:
        """Somebody joins. Whoever waits for them is told also when it failed."""
        first, last = step.name
        answer = None
        try:
            answer = self.ask(
                "arrive", "POST", "/user/v1/users", body={"firstName": first, "lastName": last}, good=(201,)
            )
        finally:
            identity = int(answer["id"]) if answer else None
            self.world.ids[step.person].set(identity)
        if identity is not None:
            self.world.people[identity], self.world.known[step.person] = step.person, identity
            self.world.measures.done["people"] += 1

    def befriend(self, tie: Tie) -> None:
        """One asks the other; a newcomer's first friendship is watched until it is recommended."""
        one, other = self.world.ids[tie.one].get(), self.world.ids[tie.other].get()
        if one is None or other is None:
            self.world.measures.done["ties skipped"] += 1
            return
        # Whom the other one knows already is whom the newcomer will be recommended.
        known = list(self.world.friends[tie.other])
        if self.tie("befriend", one, other) is None:
            return
        answered = time.monotonic()
        self.world.measures.done["ties"] += 1
        self.world.friends[tie.one].append(tie.other)
        self.world.friends[tie.other].append(tie.one)
        if tie.newcomer and known and len(known) < LISTED // 2 and self.world.watching.free_count():
            self.watch(tie.one, known, answered)

    def tie(self, kind: str, one: int, other: int) -> dict[str, Any] | None:
        """addFriend; None where it was refused."""
        path = f"/friend/v1/users/{one}/commands/addFriend?friendId={other}"
        answer: dict[str, Any] | None = self.ask(kind, "POST", path, good=(201,))
        return answer

    def watch(self, newcomer: int, candidates: list[int], answered: float) -> None:
        """Measures when a friend's friend, whom they will not befriend, is recommended to the newcomer."""
        strangers = [each for each in candidates if frozenset((newcomer, each)) not in self.world.taken]
        if strangers:
            self.world.taken.add(frozenset((newcomer, strangers[0])))
            known = self.world.known
            self.world.watching.spawn(self.until_recommended, known[newcomer], known[strangers[0]], answered)

    def until_recommended(self, newcomer: int, stranger: int, answered: float) -> None:
        """Looks again and again until `stranger` is recommended to `newcomer`, and measures how long that took."""
        while time.monotonic() < answered + WATCH_SECONDS:
            listed = self.recommended("watch", newcomer)
            if any(entry["user"]["id"] == stranger for entry in listed):
                self.world.measures.lag(self.world.elapsed(), 1000 * (time.monotonic() - answered))
                return
            gevent.sleep(WATCH_EVERY)
        self.world.measures.unseen += 1

    def look(self, look: Look) -> None:
        """A read; a recommendation may be followed."""
        person, beside = self.world.ids[look.person].get(), self.world.ids[look.beside].get()
        if person is None or beside is None:
            return
        if look.read is Read.FRIENDS:
            self.ask(look.read.value, "GET", f"/friend/v1/users/{person}/friends")
        elif look.read is Read.MUTUAL:
            path = f"/recommendation/v1/users/{person}/commands/findMutualFriends?friendId={beside}"
            self.ask(look.read.value, "GET", path)
        else:
            listed = self.recommended(look.read.value, person)
            if look.follow:
                self.follow(look.person, [int(entry["user"]["id"]) for entry in listed])

    def follow(self, person: int, listed: Sequence[int]) -> None:
        """Befriends the best one recommended whom the plan does not have them befriend anyway."""
        known = (self.world.people[identity] for identity in listed if identity in self.world.people)
        free = (other for other in known if frozenset((person, other)) not in self.world.taken)
        for other in itertools.islice(free, 1):
            self.world.taken.add(frozenset((person, other)))
            if self.tie("follow", self.world.known[person], self.world.known[other]) is not None:
                self.world.measures.done["recommendations followed"] += 1

    def recommended(self, kind: str, person: int) -> list[dict[str, Any]]:
        """Whom somebody should know; nobody where that was not answered."""
        path = f"/recommendation/v1/users/{person}/commands/recommendFriends?limit={LISTED}"
        return self.ask(kind, "GET", path) or []

    def ask(self, kind: str, method: str, path: str, *, body: Any = None, good: Sequence[int] = (200,)) -> Any:
        """One request, its answer decoded; None where that is not `good`. A command that is refused for now is sent
        again, each time measured; under a key of its own, so that one whose answer was lost happens once."""
        headers = dict(self.world.settings.headers)
        if method != "GET":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        for attempt in range(TRIES if method != "GET" else 1):
            begun = time.monotonic()
            response = self.client.request(method, path, json=body, headers=headers, name=kind)
            answer, error = understood(response, good)
            self.world.measures.request(kind, self.world.elapsed(), 1000 * (time.monotonic() - begun), error)
            if not error or response.status_code not in LATER:
                return answer
            gevent.sleep(min(LONGEST_PAUSE, pause(response.headers and response.headers.get("Retry-After"), attempt)))
        return None


def understood(response: Any, good: Sequence[int]) -> tuple[Any, str]:
    """What an answer says, or what is wrong with it. 0 is what locust calls the status of no answer at all."""
    if not response.status_code:
        return None, f"no answer: {response.error!r}"
    if response.status_code not in good:
        return None, f"answered {response.status_code}"
    try:
        return json.loads(response.content), ""
    except ValueError:
        return None, "answered something that is not JSON"


def pause(retry_after: object, attempt: int) -> float:
    """Seconds until the next try: what the answer says, else longer each time."""
    told = str(retry_after or "")
    return float(told) if told.isdigit() else 0.1 * 2**attempt
