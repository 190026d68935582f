"""Which instance gets a request: power of two choices by least outstanding requests.

https://www.eecs.harvard.edu/~michaelm/postscripts/handbook2001.pdf: the better of two chosen at random keeps the
longest queue at log log n, and, unlike the best of all, does not send every gateway's traffic to the same instance.
"""

import random
from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar


class Candidate(Protocol):
    """An instance as the balancer sees it."""

    outstanding: int

    def ejected(self, now: float) -> bool:
        """Whether it refused a connection a moment ago."""


C = TypeVar("C", bound=Candidate)


def choose(candidates: Sequence[C], *, now: float, tried: Collection[C] = ()) -> C | None:
    """One of the candidates that were not tried yet, None where there is none; ejected ones only when no other is
    left. `now` is the event loop's time, in seconds."""
    if len(candidates) == 1 and not tried:
        return candidates[0]
    left = [candidate for candidate in candidates if candidate not in tried]
    preferred = [candidate for candidate in left if not candidate.ejected(now)] or left
    if len(preferred) < 2:
        return preferred[0] if preferred else None
    one, other = random.sample(preferred, 2)
    return one if one.outstanding <= other.outstanding else other
