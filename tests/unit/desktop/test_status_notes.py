"""What of a service's details `./manage.py status` points at."""

import pytest

from desktop import status

WELL = {
    "status": "UP",
    "checks": {"database": {"status": "UP"}},
    "details": {
        "pendingMigrations": [],
        "deadLetters": {"projector": {"parkedKeys": 0, "letters": 0}},
        "outbox": {"unpublished": 3, "oldestUnpublishedSeconds": 0.2},
        "projector": {"behindEvents": 0, "partitions": []},
    },
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ()),
        ({"deadLetters": {"a": {"parkedKeys": 2}, "b": {"parkedKeys": 1}}}, ("3 parked keys",)),
        (
            {"outbox": {"unpublished": 3, "oldestUnpublishedSeconds": 61.2}},
            ("3 unpublished, for 61 s",),
        ),
        ({"projector": {"behindEvents": 7}}, ("7 events not in the graph yet",)),
        ({"pendingMigrations": ["users.0009_more"]}, ("migrations are not applied",)),
        (
            {
                "outbox": {"unknown": "no database"},
                "projector": {"unknown": "no graph"},
                "deadLetters": {"unknown": "x"},
            },
            (),
        ),
    ],
)
def test_only_what_somebody_should_look_at_is_said(changed: dict[str, object], said: tuple[str, ...]) -> None:
    assert status.notes({**WELL, "details": WELL["details"] | changed}) == said  # type: ignore[operator]


def test_a_part_that_is_down_is_named_with_its_reason() -> None:
    checks = {"graph": {"status": "DOWN", "why": "it takes no connection"}, "database": {"status": "UP"}}
    assert status.notes({"checks": checks}) == ("graph is down: it takes no connection",)


def test_who_says_nothing_is_said_nothing_of() -> None:
    assert status.notes({}) == ()
