"""Waiting for what happens later: ask again until it is so, or a time limit is over."""

import time
from collections.abc import Callable
from http.client import HTTPException
from typing import TypeVar

T = TypeVar("T")


def eventually(check: Callable[[], T], within: float = 30.0, every: float = 0.05) -> T:
    """What `check` returns once it holds, and no connection fails; its last error after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        try:
            return check()
        except (AssertionError, OSError, HTTPException):
            if time.monotonic() > deadline:
                raise
        time.sleep(every)


def until(condition: Callable[[], bool], within: float = 60.0) -> None:
    """Wait until the condition holds; fail the test when it never does."""

    def check() -> None:
        assert condition(), "it never came about"

    eventually(check, within)
