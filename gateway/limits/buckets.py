"""A token bucket for each client: `quota` requests at once, and as many again in every `window`, evenly.

Kept is one number for each: when its bucket will be full again (the generic cell rate algorithm, ITU-T I.371, which
decides as a bucket does). Whole nanoseconds, so that nothing is lost or won by rounding.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

SECOND = 1_000_000_000
# So many clients are remembered; of more, whoever has not asked for the longest begins anew.
MOST_CLIENTS = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """`quota` requests in `window` seconds."""

    quota: int
    window: int

    @property
    def interval(self) -> int:
        """Nanoseconds in which one request is earned."""
        return -(-self.window * SECOND // self.quota)

    def shared(self, among: int) -> "Policy":
        """What each of so many may allow, so that all together allow no more. Raises ValueError for less than one."""
        if among > self.quota:
            raise ValueError(f"{self.quota} requests cannot be shared among {among} workers")
        return Policy(quota=self.quota // among, window=self.window)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether the request passes, how many more would pass at once, and in how many seconds that changes: until the
    next one passes where none is left, else until the quota is whole again."""

    allowed: bool
    remaining: int
    seconds: int


class Buckets:
    """Those of all clients, under one policy. `clock` tells nanoseconds, and never goes back."""

    def __init__(
        self, policy: Policy, *, clock: Callable[[], int] = time.monotonic_ns, most: int = MOST_CLIENTS
    ) -> None:
        self.policy = policy
        self._interval, self._depth = policy.interval, policy.interval * policy.quota
        self._clock, self._most = clock, most
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, client: str) -> Verdict:
        """One request of this client's."""
        now = self._clock()
        full_at = max(self._full_at.get(client, 0), now)
        left = self._depth - (full_at - now)
        if left < self._interval:
            return Verdict(allowed=False, remaining=0, seconds=_seconds(self._interval - left))
        full_at, left = full_at + self._interval, left - self._interval
        self._full_at[client] = full_at
        self._full_at.move_to_end(client)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        remaining = left // self._interval
        waiting = self._depth - left if remaining else self._interval - left
        return Verdict(allowed=True, remaining=remaining, seconds=_seconds(waiting))


def _seconds(nanoseconds: int) -> int:
    return -(-nanoseconds // SECOND)
