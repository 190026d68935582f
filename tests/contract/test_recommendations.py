"""Recommendations and mutual friends: projected in time, ranked, and of nobody whom one knows."""

import itertools

from tests.support.client import Client
from tests.support.network import Network, expect
from tests.support.waiting import eventually


def test_weight_is_the_number_of_mutual_friends_highest_first_ties_by_id(network: Network) -> None:
    me, a, b, c, two, one_low, one_high, three = network.people(8)
    network.befriend_all([(me, a), (b, me), (me, c)])
    network.befriend_all([(a, three), (three, b), (c, three), (a, two), (two, b), (one_low, a), (b, one_high)])
    network.until_recommended(me, [(three, 3), (two, 2), (one_low, 1), (one_high, 1)])
    network.until_mutual(me, three, [a, b, c])
    network.until_mutual(three, me, [a, b, c])


def test_never_oneself_a_friend_or_the_same_person_twice(network: Network) -> None:
    circle = network.people(6)
    network.befriend_all(itertools.combinations(circle[:5], 2))
    network.befriend(circle[4], circle[5])
    for person in circle[:4]:
        network.until_recommended(person, [(circle[5], 1)])
    network.until_recommended(circle[5], [(person, 1) for person in circle[:4]])
    network.until_recommended(circle[4], [])


def test_users_in_answers_are_as_read(network: Network, client: Client) -> None:
    me, friend, other = network.people(3)
    network.befriend_all([(me, friend), (friend, other)])
    network.until_recommended(me, [(other, 1)])
    entries = expect(client.get(f"/recommendation/v1/users/{me}/commands/recommendFriends"), 200)
    assert entries == [{"user": network.read(other), "weight": 1}]
    path = f"/recommendation/v1/users/{me}/commands/findMutualFriends?friendId={other}"
    assert expect(client.get(path), 200) == [network.read(friend)]


def test_a_new_name_arrives_in_answers(network: Network, client: Client) -> None:
    me, friend, other = network.people(3)
    network.befriend_all([(me, friend), (friend, other)])
    network.until_recommended(me, [(other, 1)])
    renamed = network.rename(other, "Renamed", "Afterwards")

    def check() -> None:
        entries = expect(client.get(f"/recommendation/v1/users/{me}/commands/recommendFriends"), 200)
        assert entries == [{"user": renamed, "weight": 1}]

    eventually(check)


def test_a_removed_friendship_leaves_and_a_new_one_comes_back(network: Network) -> None:
    me, friend, other = network.people(3)
    network.befriend_all([(me, friend), (friend, other)])
    network.until_recommended(me, [(other, 1)])
    network.unfriend(other, friend)
    network.until_recommended(me, [])
    network.befriend(other, friend)
    network.until_recommended(me, [(other, 1)])
    network.befriend(other, me)
    network.until_recommended(me, [])


def test_twenty_are_recommended_unless_the_limit_says_otherwise(network: Network) -> None:
    me, friend, *others = network.people(107)
    network.befriend_all((friend, person) for person in (me, *others))
    everybody = [(other, 1) for other in others]

    def check() -> None:
        assert network.recommended(me, limit=100) == everybody[:100]

    eventually(check)
    assert network.recommended(me) == everybody[:20]
    assert network.recommended(me, limit=1) == everybody[:1]
