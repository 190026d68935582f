"""When an instance is passed over, and when it is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.breaker import FAILURES, FIRST_SECONDS, FORGIVEN_SECONDS, LONGEST_SECONDS, Breaker, State

_EVENTS = st.lists(
    st.tuples(st.sampled_from(["begin", "succeeded", "failed", "refused", "left"]), st.floats(0.0, 40.0)), max_size=60
)


def tell(breaker: Breaker, what: str, now: float) -> None:
    """One of the things that can happen to a breaker."""
    if what == "left":
        breaker.left()
    else:
        getattr(breaker, what)(now)


@given(_EVENTS)
def test_it_is_open_for_a_bounded_time_only(events: list[tuple[str, float]]) -> None:
    breaker, now = Breaker(), 0.0
    for what, later in events:
        now += later
        tell(breaker, what, now)
        if breaker.state(now) is State.OPEN:
            assert now < breaker.open_until <= now + LONGEST_SECONDS
            assert not breaker.admits(now)
            assert breaker.state(breaker.open_until) is State.HALF_OPEN


@given(_EVENTS)
def test_one_answer_closes_it_whatever_was_before(events: list[tuple[str, float]]) -> None:
    breaker, now = Breaker(), 0.0
    for what, later in events:
        now += later
        tell(breaker, what, now)
    breaker.succeeded(now)
    assert breaker.state(now) is State.CLOSED
    assert breaker.admits(now)


@given(_EVENTS)
def test_half_open_lets_one_through_at_a_time(events: list[tuple[str, float]]) -> None:
    breaker, now, under_way = Breaker(), 0.0, False
    for what, later in events:
        now += later
        if breaker.state(now) is State.HALF_OPEN:
            assert breaker.admits(now) is not under_way
        if what == "begin":
            probes = breaker.begin(now)
            assert not (probes and under_way)
            under_way = under_way or probes
        else:
            tell(breaker, what, now)
            under_way = under_way and what in {"failed", "refused"} and breaker.state(now) is State.HALF_OPEN


@given(st.lists(st.sampled_from(["succeeded", "failed"]), max_size=60))
def test_it_opens_at_so_many_failures_in_a_row_and_not_before(answers: list[str]) -> None:
    breaker, row = Breaker(), 0
    for what in answers:
        tell(breaker, what, 0.0)
        row = row + 1 if what == "failed" else 0
        assert (breaker.state(0.0) is State.OPEN) == (row >= FAILURES)


def test_a_refused_connection_opens_it_at_once() -> None:
    breaker = Breaker()
    breaker.refused(1.0)
    assert breaker.state(1.0) is State.OPEN
    assert breaker.open_until == 1.0 + FIRST_SECONDS
    assert breaker.take_opened() == {"refused": 1}
    assert not breaker.take_opened()


def opening(breaker: Breaker, now: float) -> float:
    """For how long it opens now."""
    breaker.begin(now)
    breaker.refused(now)
    return breaker.open_until - now


def test_each_time_it_is_open_for_longer_up_to_a_limit() -> None:
    breaker, now, times = Breaker(), 0.0, []
    for _ in range(6):
        times.append(opening(breaker, now))
        now = breaker.open_until
    assert times == [3.0, 6.0, 12.0, 24.0, LONGEST_SECONDS, LONGEST_SECONDS]


def test_what_was_well_for_long_is_forgiven() -> None:
    breaker = Breaker()
    for now in (0.0, 10.0, 20.0):
        opening(breaker, now)
    breaker.succeeded(40.0)
    assert opening(breaker, 40.0 + 2 * FORGIVEN_SECONDS) == 2 * FIRST_SECONDS
    breaker.succeeded(200.0)
    assert opening(breaker, 200.0 + 2 * FORGIVEN_SECONDS) == FIRST_SECONDS


def test_what_was_sent_before_it_opened_does_not_open_it_again() -> None:
    breaker = Breaker()
    breaker.refused(0.0)
    until = breaker.open_until
    for _ in range(2 * FAILURES):
        breaker.failed(1.0)
    assert breaker.open_until == until
    assert breaker.take_opened() == {"refused": 1}


def test_one_let_through_that_fails_opens_it_at_once() -> None:
    breaker = Breaker()
    breaker.refused(0.0)
    assert breaker.begin(3.0)
    breaker.failed(3.5)
    assert breaker.state(3.5) is State.OPEN
    assert breaker.open_until == 9.5
