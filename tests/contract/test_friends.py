"""Friendships: mutual, single, and what becomes of a record."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.table import UNKNOWN
from tests.support.client import Answer, Client
from tests.support.network import Network, expect


def command(client: Client, name: str, user_id: int, friend_id: int) -> Answer:
    """The answer to addFriend or removeFriend."""
    return client.post(f"/friend/v1/users/{user_id}/commands/{name}?friendId={friend_id}")


def test_two_people_just_created_can_befriend_at_once(network: Network) -> None:
    for _ in range(10):
        network.befriend(network.create()["id"], network.create()["id"])


def test_both_list_the_friendship_each_as_the_one_asked_for(network: Network, client: Client) -> None:
    one, other = network.people(2)
    record = network.befriend(one, other)
    assert (record["userId"], record["friendId"]) == (one, other)
    assert expect(client.get(f"/friend/v1/users/{one}/friends"), 200) == [record]
    turned = {**record, "userId": other, "friendId": one}
    assert expect(client.get(f"/friend/v1/users/{other}/friends"), 200) == [turned]


@pytest.mark.parametrize("higher_asks", [True, False])
def test_the_record_itself_tells_who_asked(network: Network, client: Client, higher_asks: bool) -> None:
    people = sorted(network.people(2), reverse=higher_asks)
    record = network.befriend(*people)
    found = expect(client.get(f"/friend/v1/friends/{record['id']}"), 200)
    assert found == record
    assert (found["userId"], found["friendId"]) == tuple(people)


def test_a_removed_friendship_is_gone_for_both_and_its_record_too(network: Network, client: Client) -> None:
    one, other = network.people(2)
    record = network.befriend(one, other)
    network.unfriend(other, one)
    assert network.friends(one) == network.friends(other) == []
    expect(client.get(f"/friend/v1/friends/{record['id']}"), 404)
    expect(command(client, "removeFriend", one, other), 404)


def test_a_friendship_added_again_keeps_its_id_and_begins_anew(network: Network) -> None:
    one, other = network.people(2)
    first = network.befriend(one, other)
    network.unfriend(one, other)
    time.sleep(0.002)
    again = network.befriend(other, one)
    assert again["id"] == first["id"]
    assert (again["userId"], again["friendId"]) == (other, one)
    assert again["createdAt"] > first["createdAt"]


@pytest.mark.parametrize("unknown_side", ["user", "friend"])
def test_an_unknown_person_is_named(network: Network, client: Client, unknown_side: str) -> None:
    known = network.create()["id"]
    user, friend = (UNKNOWN, known) if unknown_side == "user" else (known, UNKNOWN)
    problem = expect(command(client, "addFriend", user, friend), 404)
    assert str(UNKNOWN) in problem["detail"]
    assert str(known) not in problem["detail"].replace(str(UNKNOWN), "")


def test_a_refused_friendship_leaves_no_trace(network: Network, client: Client) -> None:
    one, other = network.people(2)
    record = network.befriend(one, other)
    expect(command(client, "addFriend", other, one), 409)
    expect(command(client, "addFriend", one, one), 400)
    expect(command(client, "addFriend", one, UNKNOWN), 404)
    assert network.friends(one) == [other]
    assert expect(client.get(f"/friend/v1/friends/{record['id']}"), 200) == record


def test_many_who_ask_at_once_make_one_friendship(network: Network, client: Client) -> None:
    one, other = network.people(2)
    pairs = [(one, other), (other, one)] * 8
    with ThreadPoolExecutor(len(pairs)) as pool:
        statuses = list(pool.map(lambda pair: command(client, "addFriend", *pair).status, pairs))
    assert sorted(statuses) == [201] + [409] * 15
    assert (network.friends(one), network.friends(other)) == ([other], [one])


def test_friends_are_all_listed(network: Network) -> None:
    centre, *others = network.people(25)
    network.befriend_all((centre, other) for other in others)
    assert network.friends(centre) == others
