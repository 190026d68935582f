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
