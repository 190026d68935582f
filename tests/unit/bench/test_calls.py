"""The calls of the benchmark."""

import itertools
import random

from bench.desktop import calls


def test_no_pair_befriends_twice_and_the_calls_end() -> None:
    paths = [path for _, path, _ in calls.befriend(list(range(1, 21)), random.Random(1))]
    pairs = set()
    for path in paths:
        one, other = path.removeprefix("/friend/v1/users/").split("/commands/addFriend?friendId=")
        assert one != other
        pairs.add(frozenset((one, other)))
    assert len(pairs) == len(paths) == 20 * 19 // 4


def test_a_seed_gives_the_same_calls() -> None:
    ids = list(range(100))
    for sent in (calls.read, calls.recommend, calls.befriend):
        first = list(itertools.islice(sent(ids, random.Random(3)), 50))
        assert first == list(itertools.islice(sent(ids, random.Random(3)), 50))
