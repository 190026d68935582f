"""`Prefer: wait`."""

import pytest

from service import preferences


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, None),
        ("", None),
        ("wait=10", 10),
        ("wait=0", 0),
        ("Wait = 7", 7),
        ('wait="5"', 5),
        ("respond-async, wait=10", 10),
        ("wait=10;strict, respond-async", 10),
        ("wait=3, wait=9", 3),
        ("wait=31", 30),
        ("wait=999999999", 30),
        ("wait", None),
        ("wait=", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=٣", None),
        ("wait=9999999999", None),
        ("await=10", None),
        ("nowait=10", None),
    ],
)
def test_how_long_a_client_would_wait(prefer: str | None, seconds: int | None) -> None:
    assert preferences.wait(prefer) == seconds


def test_the_longest_wait_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSISTENCY_WAIT_SECONDS", "5")
    assert preferences.wait("wait=10") == 5
