"""A token bucket for each client, on a clock that the test moves."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits.buckets import SECOND, Buckets, Policy

policies = st.builds(Policy, quota=st.integers(1, 500), window=st.integers(1, 3600))
# Pauses between requests, in nanoseconds: many none at all, some long.
pauses = st.lists(st.one_of(st.just(0), st.integers(0, 20 * SECOND)), max_size=150)


class Clock:
    """Says what the test has set."""

    def __init__(self) -> None:
        self.now = 10**18

    def __call__(self) -> int:
        return self.now


def asked(policy: Policy, waits: Sequence[int]) -> list[int]:
    """When the requests passed that came after these pauses."""
    clock = Clock()
    buckets, passed = Buckets(policy, clock=clock), []
    for wait in waits:
        clock.now += wait
        if buckets.take("client").allowed:
            passed.append(clock.now)
    return passed


@given(policy=policies, waits=pauses)
def test_no_span_of_time_has_more_than_the_quota_and_what_was_earned_in_it(
    policy: Policy, waits: Sequence[int]
) -> None:
    passed = asked(policy, waits)
    for first, begun in enumerate(passed):
        for last in range(first, len(passed)):
            earned = (passed[last] - begun) * policy.quota / (policy.window * SECOND)
            assert last - first + 1 <= policy.quota + earned + 1e-6


@given(policy=policies, count=st.integers(1, 600))
def test_the_whole_quota_is_there_at_once(policy: Policy, count: int) -> None:
    assert len(asked(policy, [0] * count)) == min(count, policy.quota)


@given(policy=policies, count=st.integers(1, 100))
def test_who_asks_no_faster_than_is_earned_is_never_refused(policy: Policy, count: int) -> None:
    assert len(asked(policy, [policy.interval] * count)) == count


@given(policy=policies, waits=pauses)
def test_what_is_told_comes_true(policy: Policy, waits: Sequence[int]) -> None:
    clock = Clock()
    buckets = Buckets(policy, clock=clock)
    for wait in waits:
        clock.now += wait
        verdict = buckets.take("client")
        if verdict.allowed:
            continue
        assert verdict.seconds >= 1
        clock.now += verdict.seconds * SECOND
        assert buckets.take("client").allowed


@given(policy=policies, asked_before=st.integers(0, 600))
def test_as_many_pass_as_are_said_to_remain(policy: Policy, asked_before: int) -> None:
    clock = Clock()
    buckets = Buckets(policy, clock=clock)
    for _ in range(asked_before):
        buckets.take("client")
    verdict = buckets.take("client")
    for _ in range(verdict.remaining):
        assert buckets.take("client").allowed
    assert not buckets.take("client").allowed


@given(policy=policies, spent=st.integers(1, 500))
def test_the_quota_is_whole_again_when_it_is_said_to_be(policy: Policy, spent: int) -> None:
    clock = Clock()
    buckets = Buckets(policy, clock=clock)
    verdicts = [buckets.take("client") for _ in range(spent)]
    if not verdicts[-1].remaining:
        return
    clock.now += verdicts[-1].seconds * SECOND
    assert buckets.take("client").remaining == policy.quota - 1


def test_clients_have_nothing_to_do_with_each_other() -> None:
    buckets = Buckets(Policy(quota=1, window=60), clock=Clock())
    assert [buckets.take(name).allowed for name in ("a", "b", "a", "b")] == [True, True, False, False]


def test_no_more_clients_are_remembered_than_there_is_room_for() -> None:
    buckets = Buckets(Policy(quota=1, window=60), clock=Clock(), most=3)
    for number in range(1000):
        buckets.take(f"client {number}")
        assert len(buckets) <= 3


def test_it_is_the_one_that_was_silent_for_the_longest_who_is_forgotten() -> None:
    clock = Clock()
    buckets = Buckets(Policy(quota=2, window=60), clock=clock, most=2)
    take: Callable[[str], bool] = lambda name: buckets.take(name).allowed  # noqa: E731 -- short, and used below only
    assert [take(name) for name in ("a", "b", "a", "c")] == [True] * 4
    assert not take("a")


@given(policy=policies, workers=st.integers(1, 64))
def test_all_workers_together_allow_no_more_than_was_configured(policy: Policy, workers: int) -> None:
    if workers > policy.quota:
        with pytest.raises(ValueError, match="workers"):
            policy.shared(workers)
        return
    share = policy.shared(workers)
    assert policy.quota - workers < share.quota * workers <= policy.quota
