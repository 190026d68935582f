"""The client's own record: what it asked for, under which Idempotency-Key, until somebody answered.

A command whose answer is lost is asked for again under its key until it is answered. What was answered with success
must then have happened, once.
"""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any
from uuid import uuid4

from tests.support.client import JSON, Answer, Client

GIVE_UP_SECONDS = 90.0
# The service says that it may go better later; nothing else is asked for again.
LATER = (409, 502, 503, 504)


def _nothing() -> None:
    """Nobody looks."""


class Ledger:
    """Commands of any number of threads; each stream is one thread's at a time."""

    def __init__(self, urls: dict[str, str]) -> None:
        self._urls = urls
        self._turn = threading.Lock()
        # By stream, what was asked of it and answered with success, in order.
        self.streams: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.repeated = 0
        self._lost: Callable[[], None] = _nothing

    @property
    def answered(self) -> int:
        """How many commands were answered with success."""
        with self._turn:
            return sum(len(commands) for commands in self.streams.values())

    def create(self, first: str = "Ada", last: str = "Lovelace") -> int:
        """A new user."""
        names = {"firstName": first, "lastName": last}
        user: dict[str, Any] = self._ask("users", "POST", "/v1/users", names, 201).json()
        self._enter(f"user-{user['id']}", "USER_CREATED", names)
        return int(user["id"])

    def people(self, count: int) -> list[int]:
        """So many new users."""
        return [self.create() for _ in range(count)]

    def rename(self, user_id: int, last: str) -> None:
        """Another last name."""
        names = {"firstName": "Ada", "lastName": last}
        self._ask("users", "PUT", f"/v1/users/{user_id}", names, 200)
        self._enter(f"user-{user_id}", "USER_UPDATED", names)

    def befriend(self, one: int, other: int) -> None:
        """The two become friends."""
        self._tie("addFriend", one, other, 201)

    def unfriend(self, one: int, other: int) -> None:
        """They are friends no longer."""
        self._tie("removeFriend", one, other, 204)

    @contextmanager
    def when_lost(self, look: Callable[[], Any]) -> Iterator[list[Any]]:
        """What `look` saw each time that an answer was lost in the block, before the command was asked for again."""
        seen: list[Any] = []
        self._lost = lambda: seen.append(look())
        try:
            yield seen
        finally:
            self._lost = _nothing

    def through(self, urls: dict[str, str]) -> "Ledger":
        """The same ledger, of somebody who asks other instances."""
        other = Ledger({**self._urls, **urls})
        other.streams, other._turn = self.streams, self._turn
        return other

    def _tie(self, command: str, one: int, other: int, status: int) -> None:
        self._ask("friends", "POST", f"/v1/users/{one}/commands/{command}?friendId={other}", None, status)
        low, high = sorted((one, other))
        self._enter(f"friendship-{low}-{high}", "FRIEND_ADDED" if status == 201 else "FRIEND_REMOVED", {})

    def _enter(self, stream: str, kind: str, names: dict[str, str]) -> None:
        with self._turn:
            self.streams[stream].append({"type": kind, **names})

    def _ask(self, service: str, method: str, path: str, body: Any, status: int) -> Answer:
        headers = {"Idempotency-Key": uuid4().hex, **(JSON if body else {})}
        content = json.dumps(body).encode() if body else b""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                answer = Client(self._urls[service], timeout=15).request(method, path, content, headers)
            except (OSError, HTTPException):
                self._lost()
            else:
                if answer.status == status:
                    return answer
                # What PostgreSQL's end does to a request under way is a 500: its outcome is unknown like that of
                # one that was never answered.
                assert answer.status in (*LATER, 500), f"{method} {path}: {answer.status} {answer.body!r}"
            assert time.monotonic() < deadline, f"{method} {path} was never answered"
            self.repeated += 1
            time.sleep(0.05)
