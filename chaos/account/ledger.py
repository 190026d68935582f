"""The client's ledger: every attempt at every request, written before it was sent, every answer after it.

One JSON object a line (`chaos/ledger.py` writes them). Times are nanoseconds of one process's monotonic clock.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

CREATE, UPDATE, DELETE, ADD, REMOVE = "create", "update", "delete", "add", "remove"
COMMANDS = (CREATE, UPDATE, DELETE, ADD, REMOVE)
# 410: what was done under this key is done, and its answer erased since, with whom it told of.
DONE_AND_ERASED = 410
SUCCESS = frozenset({200, 201, 204, DONE_AND_ERASED})
# What these say holds: the command was decided on, and refused.
REFUSED = frozenset({400, 404, 409, 412, 415, 422})
Record = Mapping[str, Any]


@dataclass(kw_only=True, slots=True)
class Attempt:
    """One sending of a request. `status` None: no answer came; `version` is the answer's entity tag."""

    number: int
    sent: int
    ended: float = math.inf
    status: int | None = None
    version: int | None = None
    body: Any = None
    deferred: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the command was answered with success."""
        return self.status in SUCCESS

    @property
    def refused(self) -> bool:
        """Whether the command was decided on and refused. A 409 that says when to ask again has decided nothing."""
        return self.status in REFUSED and not self.deferred

    @property
    def unknown(self) -> bool:
        """Whether the command may have been carried out, or may still be, without our knowing."""
        return not (self.accepted or self.refused or self.deferred)


@dataclass(kw_only=True, slots=True)
class Request:
    """A command by its number in the ledger, with all attempts at it under its one Idempotency-Key."""

    number: int
    kind: str
    user: int | None = None
    friend: int | None = None
    names: tuple[str, str] | None = None
    if_match: int | None = None
    attempts: list[Attempt] = field(default_factory=list)
    # Of a change that another command brought about: that command's name.
    cause: str = ""
    # Where no answer says it: see `world`.
    found_in: str = ""

    @property
    def accepted(self) -> Attempt | None:
        """The first answer of success, rather one that was not erased since; None where there is none."""
        good = [attempt for attempt in self.attempts if attempt.accepted]
        return min(good, key=lambda attempt: (attempt.status == DONE_AND_ERASED, attempt.ended), default=None)

    @property
    def done(self) -> float:
        """When it was answered with success first: after that it had its effect."""
        return min((attempt.ended for attempt in self.attempts if attempt.accepted), default=math.inf)

    @property
    def began(self) -> int:
        """When it was sent first: before that it had no effect."""
        return min(attempt.sent for attempt in self.attempts)

    @property
    def stream(self) -> str:
        """The stream of the aggregate that it is about; empty for a creation that was not answered."""
        if self.found_in:
            return self.found_in
        if self.kind == CREATE:
            return f"user-{self.accepted.body['id']}" if self.accepted and self.accepted.body else ""
        if self.kind in (UPDATE, DELETE):
            return f"user-{self.user}"
        low, high = sorted((self.user or 0, self.friend or 0))
        return f"friendship-{low}-{high}"

    @property
    def name(self) -> str:
        """The request id that it was sent with, without the attempt's number."""
        return self.cause or f"chaos-{self.number}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """All commands, and when everything had come to rest: what was refused after that stays refused."""

    requests: Mapping[int, Request]
    calm: float = math.inf

    def settled(self, request: Request) -> bool:
        """Whether it is known for good if the command was carried out."""
        if request.accepted or not any(attempt.unknown for attempt in request.attempts):
            return True
        return any(attempt.refused and attempt.sent > self.calm for attempt in request.attempts)

    @property
    def accepted(self) -> list[Request]:
        """Those answered with success, in the order of their numbers."""
        return [request for request in self.requests.values() if request.accepted]


def read(lines: Iterable[str]) -> Ledger:
    """The ledger in these lines. A last line that was cut off by a crash of the client is left out."""
    requests: dict[int, Request] = {}
    calm = math.inf
    for line in lines:
        if not line.endswith("\n"):
            break
        entry: Record = json.loads(line)
        if entry["what"] == "calm":
            calm = min(calm, entry["at"])
        elif entry["kind"] in COMMANDS:
            _note(requests, entry)
    return Ledger(requests=requests, calm=calm)


def _note(requests: dict[int, Request], entry: Record) -> None:
    number = entry["request"]
    if number not in requests:
        names = entry.get("names")
        requests[number] = Request(
            number=number,
            kind=entry["kind"],
            user=entry.get("user"),
            friend=entry.get("friend"),
            names=tuple(names) if names else None,
            if_match=entry.get("ifMatch"),
        )
    attempts = requests[number].attempts
    if entry["what"] == "send":
        attempts.append(Attempt(number=entry["attempt"], sent=entry["at"]))
    elif entry["what"] == "answer":
        attempt = next(one for one in attempts if one.number == entry["attempt"])
        attempt.ended, attempt.status, attempt.body = entry["at"], entry["status"], entry["body"]
        attempt.version = entry["version"]
        attempt.deferred = entry["status"] == 409 and entry["retryAfter"] is not None
