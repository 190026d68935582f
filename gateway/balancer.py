"""Which instance gets a request: power of two choices by least outstanding requests.

https://www.eecs.harvard.edu/~michaelm/postscripts/handbook2001.pdf: the better of two chosen at random keeps the
longest queue at log log n, and, unlike the best of all, does not send every gateway's traffic to the same instance.
"""

import random
from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar

from gateway.breaker import Breaker

# When more instances than this share are in trouble, the others would only follow them under the whole load.
MOST_EJECTED = 0.5


class Candidate(Protocol):
    """An instance as the balancer sees it."""

    outstanding: int

    @property
    def breaker(self) -> Breaker:
        """Whether it answers."""


C = TypeVar("C", bound=Candidate)


def ejected(candidates: Sequence[C], now: float) -> Sequence[C]:
    """Those that are passed over because of how they answered: a share of all at most, and never the last; of too
    many, those that would be for longest."""
    shut = [candidate for candidate in candidates if not candidate.breaker.admits(now)]
    most = min(max(1, int(len(candidates) * MOST_EJECTED)), len(candidates) - 1)
    if len(shut) <= most:
        return shut
    return sorted(shut, key=lambda candidate: candidate.breaker.open_until, reverse=True)[:most]


def choose(candidates: Sequence[C], *, now: float, tried: Collection[C] = ()) -> C | None:
    """One of the candidates that were not tried yet, None where there is none; ejected ones only when no other is
    left. `now` is the event loop's time, in seconds."""
    if len(candidates) == 1 and not tried:
        return candidates[0]
    left = [candidate for candidate in candidates if candidate not in tried]
    passed_over = ejected(candidates, now)
    preferred = [candidate for candidate in left if candidate not in passed_over] or left
    if len(preferred) < 2:
        return preferred[0] if preferred else None
    one, other = random.sample(preferred, 2)
    return one if one.outstanding <= other.outstanding else other
