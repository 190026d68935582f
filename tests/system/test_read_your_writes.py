"""Who sends the token of what they did is never shown what was before; and a command under way is asked for again."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from desktop.supervisor import System
from eventsourcing.idempotency import LOCK_CLASS
from service import problems
from tests.support.client import Answer, Client
from tests.support.network import Network, expect
from tests.support.system import frozen

ROUNDS = 100


class Hub:
    """Somebody with a friend; whoever befriends the hub is recommended that friend, and all who did so before."""

    def __init__(self, network: Network) -> None:
        self.client = network.client
        self.hub, *self.known = network.people(2)
        answer = self.join(self.known[0])
        assert self.recommended(self.known[0], answer.headers["Consistency-Token"]) == []

    def join(self, person: int) -> Answer:
        """The person befriends the hub."""
        answer = self.client.post(f"/friend/v1/users/{person}/commands/addFriend?friendId={self.hub}")
        assert answer.status == 201, answer.body
        return answer

    def ask(self, person: int, token: str, wait: int = 25) -> Answer:
        """Recommendations for the person."""
        path = f"/recommendation/v1/users/{person}/commands/recommendFriends?limit=100"
        answer = self.client.get(path, {"Consistency-Token": token, "Prefer": f"wait={wait}"})
        assert answer.status == 200, answer.body
        return answer

    def recommended(self, person: int, token: str) -> list[int]:
        """The ids of those who are recommended, once all that the token names has arrived."""
        answer = self.ask(person, token)
        assert "Projection-Lag" not in answer.headers, answer.headers["Projection-Lag"]
        return [entry["user"]["id"] for entry in answer.json()]


@pytest.mark.parametrize("made", ["before", "just now"])
def test_what_one_did_is_seen_at_once_a_hundred_times(network: Network, everything: bool, made: str) -> None:
    """`just now`: the person's own event is still on its way, and the friends service asks for them."""
    hub = Hub(network)
    rounds = ROUNDS if made == "before" or everything else ROUNDS // 5
    people = network.people(rounds if made == "before" else 0)
    for number in range(rounds):
        person = people[number] if people else network.create()["id"]
        token = hub.join(person).headers["Consistency-Token"]
        assert hub.recommended(person, token) == hub.known[:100], f"round {number}"
        hub.known.append(person)


def test_the_token_of_a_command_names_what_it_read(network: Network, client: Client) -> None:
    one, other = network.people(2)
    token = client.post(f"/friend/v1/users/{other}/commands/addFriend?friendId={one}").headers["Consistency-Token"]
    assert token == (
        f'"friendship-{one}-{other}";service=friends;version=1, '
        f'"user-{one}";service=users;version=1, "user-{other}";service=users;version=1'
    )


def test_without_the_waiting_old_answers_are_shown_and_say_so(system: System, network: Network) -> None:
    hub = Hub(network)
    person = network.create()["id"]
    with ThreadPoolExecutor(1) as pool:
        with frozen(system, "recommendations-project"):
            token = hub.join(person).headers["Consistency-Token"]
            for wait in (0, 1):
                answer = hub.ask(person, token, wait)
                assert answer.json() == []
                assert "friendship" in answer.headers["Projection-Lag"]
                assert answer.headers["Preference-Applied"] == f"wait={wait}"
            waiting = pool.submit(hub.recommended, person, token)
            assert not waiting.done()
        assert waiting.result() == hub.known


def test_a_token_can_be_carried_from_answer_to_answer(network: Network, client: Client) -> None:
    """Each command is sent what the one before had answered; the last token says all of it."""
    token, hub = "", Hub(network)
    person, other = network.people(2)
    for path in (
        f"/friend/v1/users/{person}/commands/addFriend?friendId={hub.hub}",
        f"/friend/v1/users/{other}/commands/addFriend?friendId={hub.hub}",
        f"/friend/v1/users/{hub.known[0]}/commands/removeFriend?friendId={hub.hub}",
    ):
        answer = client.request("POST", path, b"", {"Consistency-Token": token} if token else {})
        assert answer.status in {201, 204}
        token = answer.headers["Consistency-Token"]
    assert hub.recommended(person, token) == [other]
    assert hub.recommended(other, token) == [person]


class Underway:
    """A command that holds its key and does not end, as another session sees it."""

    def __init__(self, system: System, path: str, key: str) -> None:
        digest = hashlib.sha256("\0".join(["anonymous", "POST", path, key]).encode()).digest()
        self.numbers = LOCK_CLASS, int.from_bytes(digest[:4], signed=True)
        self.session: Any = psycopg2.connect(system.processes["users-web"].environment["DATABASE_URL"])

    def begin(self) -> None:
        """Hold the key."""
        with self.session.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", self.numbers)

    def close(self) -> None:
        """The command is over."""
        self.session.close()


def test_a_command_under_way_is_asked_for_again_by_the_gateway(system: System, client: Client) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "under-way"}
    body = b'{"firstName": "Ada", "lastName": "Lovelace"}'
    with closing(Underway(system, "/v1/users", "under-way")) as first, ThreadPoolExecutor(1) as pool:
        first.begin()
        refused = Client(system.urls["users"]).request("POST", "/v1/users", body, headers)
        assert expect(refused, 409)["type"] == problems.COMMAND_IN_PROGRESS
        asked = pool.submit(client.request, "POST", "/user/v1/users", body, headers)
        # Passed on, the refusal would be there by now; asked for again, the first pause of a second is not yet over.
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.7)
        first.close()
        created = expect(asked.result(), 201)
    assert expect(client.request("POST", "/user/v1/users", body, headers), 201) == created
