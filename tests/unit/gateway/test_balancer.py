"""Which instance gets a request."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from gateway import balancer


@dataclass(eq=False)
class Instance:
    """An instance as the balancer sees it."""

    outstanding: int = 0
    ejected_until: float = 0.0

    def ejected(self, now: float) -> bool:
        return now < self.ejected_until


_INSTANCES = st.lists(
    st.builds(Instance, st.integers(0, 5), st.sampled_from([0.0, 10.0])),
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


@given(_INSTANCES)
def test_one_that_refused_is_chosen_only_when_no_other_is_left(instances: list[Instance]) -> None:
    chosen = balancer.choose(instances, now=5.0)
    if any(not instance.ejected(5.0) for instance in instances):
        assert chosen is not None
        assert not chosen.ejected(5.0)


@given(_INSTANCES.filter(lambda some: len(some) > 1))
def test_the_busiest_of_several_is_never_chosen(instances: list[Instance]) -> None:
    busiest = Instance(outstanding=99)
    assert balancer.choose([*instances, busiest], now=11.0) is not busiest


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
