"""Which instance gets a request."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from gateway import balancer
from gateway.breaker import Breaker


@dataclass(eq=False)
class Instance:
    """An instance as the balancer sees it."""

    outstanding: int = 0
    breaker: Breaker = field(default_factory=Breaker)

    def ejected(self, now: float) -> bool:
        return not self.breaker.admits(now)


def refused(at: float) -> Breaker:
    """The breaker of an instance that took no connection then."""
    breaker = Breaker()
    breaker.refused(at)
    return breaker


_INSTANCES = st.lists(
    st.builds(Instance, st.integers(0, 5), st.one_of(st.builds(Breaker), st.builds(refused, st.floats(0.0, 9.0)))),
    max_size=6,
)


@given(_INSTANCES, st.sets(st.integers(0, 5)))
def test_the_choice_is_one_that_was_not_tried_and_none_only_when_all_were(
    instances: list[Instance], indices: set[int]
) -> None:
    tried = {instance for index, instance in enumerate(instances) if index in indices}
    chosen = balancer.choose(instances, now=5.0, tried=tried)
    left = [instance for instance in instances if instance not in tried]
    assert (chosen is None) == (not left)
    assert chosen is None or chosen in left


@given(_INSTANCES, st.floats(0.0, 12.0))
def test_at_most_a_share_is_passed_over_and_never_the_last(instances: list[Instance], now: float) -> None:
    passed_over = balancer.ejected(instances, now)
    assert all(one.ejected(now) for one in passed_over)
    assert len(passed_over) <= max(1, len(instances) * balancer.MOST_EJECTED)
    assert len(passed_over) < len(instances) or not instances


@given(_INSTANCES, st.floats(0.0, 12.0))
def test_who_is_passed_over_is_not_chosen(instances: list[Instance], now: float) -> None:
    assert balancer.choose(instances, now=now) not in balancer.ejected(instances, now)


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=2, max_size=8))
def test_of_too_many_those_are_passed_over_that_have_most_time_to_wait(moments: list[float]) -> None:
    instances = [Instance(breaker=refused(moment)) for moment in moments]
    passed_over = balancer.ejected(instances, 3.0)
    still = [one for one in instances if one not in passed_over]
    longest = max(one.breaker.open_until for one in still)
    assert all(one.breaker.open_until >= longest for one in passed_over)


def test_who_is_half_open_gets_one_request_until_it_has_told() -> None:
    well, back = Instance(9), Instance(0, refused(0.0))
    assert balancer.choose([well, back], now=1.0) is well
    assert balancer.choose([well, back], now=4.0) is back
    back.breaker.begin(4.0)
    assert balancer.choose([well, back], now=4.0) is well
    back.breaker.succeeded(4.5)
    assert balancer.choose([well, back], now=4.5) is back


def test_who_is_passed_over_is_asked_when_all_others_were_tried() -> None:
    well, out = Instance(), Instance(breaker=refused(0.0))
    assert balancer.choose([well, out], now=1.0, tried={well}) is out


@given(_INSTANCES.filter(lambda some: len(some) > 1))
def test_the_busiest_of_several_is_never_chosen(instances: list[Instance]) -> None:
    busiest = Instance(outstanding=99)
    assert balancer.choose([*instances, busiest], now=99.0) is not busiest


def test_of_two_the_less_busy_one_is_chosen_wherever_it_stands() -> None:
    idle, busy = Instance(0), Instance(1)
    assert {balancer.choose(pair, now=0.0) for pair in ([idle, busy], [busy, idle]) for _ in range(50)} == {idle}


def test_equals_share_the_load() -> None:
    instances = [Instance() for _ in range(4)]
    for _ in range(400):
        chosen = balancer.choose(instances, now=0.0)
        assert chosen is not None
        chosen.outstanding += 1
    assert max(one.outstanding for one in instances) - min(one.outstanding for one in instances) <= 8


def test_without_instances_there_is_no_choice() -> None:
    assert balancer.choose([], now=0.0) is None
    only = Instance()
    assert balancer.choose([only], now=0.0, tried={only}) is None
