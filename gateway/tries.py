"""Where a request was tried, and whether it may be tried again."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway import balancer, headers
from gateway.body import Body
from gateway.budget import Budget
from gateway.pool import Upstream
from gateway.under_way import UnderWay
from gateway.upstream import ConnectionLost

# https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2: to send one of these twice does no more than to send it once.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
# What an instance, or whoever stands before it, answers where another may do better.
UNAVAILABLE = frozenset({502, 503, 504})
MOST_SENT = 3


def repeatable(scope: Mapping[str, Any]) -> bool:
    """Whether a request may be carried out twice: by its method, or because the service knows it again by its key."""
    return scope["method"] in IDEMPOTENT or headers.value(scope["headers"], b"idempotency-key") is not None


class Tries:
    """One request's: which instances carried it in vain, and whether another may.

    fresh: the next must go over a new connection. denied: the budget refused one. under_way: what was last heard of a
    command that is.
    """

    def __init__(self, budget: Budget, body: Body, *, repeatable: bool) -> None:
        self._budget, self._body, self._repeatable = budget, body, repeatable
        self._tried: set[Upstream] = set()
        self._current: Upstream | None = None
        self._others = False
        self._sent = 0
        self.fresh = False
        self.denied = False
        self.under_way: UnderWay | None = None

    def next(self, instances: Sequence[Upstream], now: float) -> Upstream | None:
        """The instance for the next try, None where all were tried."""
        chosen = balancer.choose(instances, now=now, tried=self._tried)
        self._current = chosen
        self._others = len(self._tried) + 1 < len(instances)
        return chosen

    def carried_nothing(self) -> None:
        """The instance took no connection, or has no room: another may have the request, whatever it is."""
        if self._current is not None:
            self._tried.add(self._current)

    def elsewhere(self, now: float) -> bool:
        """Whether another instance may have it, now that this one failed; takes from the budget."""
        if not (self._others and self._sent + 1 < MOST_SENT and self._may_repeat):
            return False
        if not self._budget.take(now):
            self.denied = True
            return False
        self._sent += 1
        self.carried_nothing()
        self._body.rewind()
        self.fresh = False
        return True

    def over_a_new_connection(self, error: ConnectionLost) -> bool:
        """Whether the same instance may have it once more: a kept connection that ends without a word was most likely
        closed before the request came. A new connection cannot be lost so: there is no third time."""
        if self.fresh or not error.unread or not self._may_repeat:
            return False
        self._body.rewind()
        self.fresh = True
        return True

    def begin_anew(self, found: UnderWay) -> None:
        """After the pause of a command that is under way: who failed before it may be well again."""
        self.under_way = found
        self._tried.clear()
        self._body.rewind()
        self.fresh = False

    @property
    def tried(self) -> int:
        """How many instances did not take it."""
        return len(self._tried)

    @property
    def _may_repeat(self) -> bool:
        return self._repeatable and (self._body.whole or self._body.kept)
