"""What the event core counts, and under which labels."""

import pytest

from eventsourcing import metrics
from eventsourcing.idempotency import AlreadyAnswered, Stored
from eventsourcing.metrics import COMMANDS, command_counted
from service.problems import Problem


def counted(outcome: str) -> float:
    """How many commands of that outcome were counted so far."""
    return float(COMMANDS.labels("try", outcome)._value.get())


def test_a_type_that_nobody_knows_is_no_label_of_its_own() -> None:
    assert metrics.known("USER_CREATED") == "USER_CREATED"
    assert metrics.known("ANYTHING_AT_ALL") == metrics.UNKNOWN


@pytest.mark.parametrize(
    ("raised", "outcome"),
    [
        (None, "accepted"),
        (AlreadyAnswered(Stored(status=201, headers={}, content=b"")), "repeated"),
        (Problem(409, "They are friends."), "refused"),
        (Problem(503, "Away."), "failed"),
        (RuntimeError("a bug"), "failed"),
    ],
)
def test_a_command_is_counted_by_what_it_came_to(raised: Exception | None, outcome: str) -> None:
    before = counted(outcome)
    if raised is None:
        with command_counted("try"):
            pass
    else:
        with pytest.raises(type(raised)), command_counted("try"):
            raise raised
    assert counted(outcome) == before + 1
