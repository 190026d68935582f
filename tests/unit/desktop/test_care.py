"""When what ended is started again."""

from desktop.care import LONGEST_PAUSE, WELL_AFTER, Pauses


def test_the_pause_doubles_with_each_early_end_up_to_a_limit() -> None:
    pauses = Pauses()
    told = [pauses.plan("relay", 0.1, now=0.0) for _ in range(9)]
    assert told == [0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_who_ran_long_is_taken_for_well_again() -> None:
    pauses = Pauses()
    for _ in range(5):
        pauses.plan("relay", 0.1, now=0.0)
    assert pauses.plan("relay", WELL_AFTER + 1, now=0.0) == 0.5


def test_each_has_its_own_pause() -> None:
    pauses = Pauses()
    pauses.plan("relay", 0.1, now=0.0)
    pauses.plan("relay", 0.1, now=0.0)
    assert pauses.plan("web", 0.1, now=0.0) == 0.5


def test_a_start_is_due_once_when_its_time_has_come() -> None:
    pauses = Pauses()
    assert not pauses.planned("relay")
    assert not pauses.due("relay", now=100.0)
    pauses.plan("relay", 0.1, now=10.0)
    assert pauses.planned("relay")
    assert not pauses.due("relay", now=10.4)
    assert pauses.due("relay", now=10.5)
    assert not pauses.planned("relay")
    assert not pauses.due("relay", now=10.6)
