"""A part of the system is gone or hangs: what clients are told, and what goes on without it."""

from collections.abc import Mapping
from typing import Any

import pytest

from desktop.supervisor import System
from tests.contract import shapes
from tests.contract.table import UNKNOWN
from tests.support.client import Answer, Client
from tests.support.network import Network, expect
from tests.support.system import frozen, stopped
from tests.support.waiting import eventually

PATHS = {
    "users": "/user/v1/users/1",
    "friends": "/friend/v1/users/1/friends",
    "recommendations": "/recommendation/v1/users/1/commands/recommendFriends",
}
# Long enough for leases of 15 s to run out, and for everybody to have asked the registry again.
LEASES_OVER = 60.0


def problem(answer: Answer, status: int) -> Mapping[str, Any]:
    """The answer's problem document, in the contract's shape."""
    body: Mapping[str, Any] = expect(answer, status)
    assert answer.content_type == "application/problem+json"
    shapes.problem(body)
    assert body["status"] == status
    return body


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_service_that_is_down_is_answered_503_with_retry_after(system: System, client: Client, name: str) -> None:
    with stopped(system, f"{name}-web"):
        # It refuses connections at once and leaves the registry later: both are "not up".
        answer = client.get(PATHS[name])
        problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0
        for other in sorted(PATHS.keys() - {name}):
            assert client.get(PATHS[other]).status in {200, 404}


def test_a_service_whose_lease_has_ended_is_answered_503_with_retry_after(system: System, client: Client) -> None:
    registry = Client(system.urls["registry"])

    def evicted() -> None:
        assert registry.get("/eureka/apps/FRIEND-SERVICE", {"Accept": "application/json"}).status == 404

    with stopped(system, "friends-web"):
        eventually(evicted, within=LEASES_OVER)
        answer = client.get(PATHS["friends"])
        problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_service_that_hangs_is_answered_504(system: System, client: Client, name: str) -> None:
    with frozen(system, f"{name}-web"):
        problem(client.get(PATHS[name]), 504)


def test_the_gateway_goes_on_without_the_registry(system: System, network: Network) -> None:
    me, friend, other = network.people(3)
    with stopped(system, "registry-web"):
        # Their events may still be on the way into the friends service's directory: until then it may be 503.
        eventually(lambda: network.befriend(me, friend))
        eventually(lambda: network.befriend(friend, other))
        network.until_recommended(me, [(other, 1)])
        assert network.read(network.create()["id"])["lastName"] == "Person"


def test_everybody_is_registered_again_after_the_registrys_restart(system: System) -> None:
    registry = Client(system.urls["registry"])

    def registered() -> None:
        found = expect(registry.get("/eureka/apps", {"Accept": "application/json"}), 200)
        names = {application["name"] for application in found["applications"]["application"]}
        assert names >= {"USER-SERVICE", "FRIEND-SERVICE", "RECOMMENDATION-SERVICE", "EDGE-SERVICE"}

    with stopped(system, "registry-web"):
        pass
    eventually(registered, within=LEASES_OVER)


def test_known_people_befriend_without_the_users_service_unknown_get_503(
    system: System, network: Network, client: Client
) -> None:
    one, other, third = network.people(3)
    with stopped(system, "users-web"):
        # Their events may still be on the way into the friends service's directory: until then it is 503.
        eventually(lambda: network.befriend(one, other))
        answer = client.post(f"/friend/v1/users/{third}/commands/addFriend?friendId={UNKNOWN}")
        problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0


def test_people_whose_names_have_not_come_are_left_out_until_they_have(system: System, network: Network) -> None:
    # So many that each partition of the topic has some: when all are seen, so is what came before them.
    me, friend, *many = network.people(14)
    all_of_them = [(person, 1) for person in many]
    network.befriend(me, friend)
    network.befriend_all((friend, person) for person in many)
    network.until_recommended(me, all_of_them)
    for person in many:
        network.unfriend(friend, person)
    network.until_recommended(me, [])
    with frozen(system, "users-relay"):
        nameless = network.create()["id"]
        network.befriend(friend, nameless)
        network.befriend_all((friend, person) for person in many)
        network.until_recommended(me, all_of_them)
        assert network.mutual(nameless, me) == [friend]
        assert network.mutual(friend, nameless) == []
    network.until_recommended(me, [*all_of_them, (nameless, 1)])
