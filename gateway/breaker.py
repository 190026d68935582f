"""Whether an instance shall be sent requests, by how it answered those before: a circuit breaker for each.

Closed, it is. It opens at the first refused connection, or at the fifth failure in a row; then it is passed over for
a time that grows with each opening (as in Envoy's outlier detection:
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier). After that it is half-open: one
request at a time is let through, and tells whether it closes or opens again.

Times are the event loop's, in seconds. Each gateway worker has breakers of its own.
"""

from collections import Counter
from enum import Enum

FAILURES = 5
FIRST_SECONDS = 3.0
LONGEST_SECONDS = 30.0
# Closed for so long, one of the openings before is forgotten.
FORGIVEN_SECONDS = 30.0


class State(Enum):
    """What the breaker lets through: everything, one at a time, nothing."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class Breaker:
    """One instance's."""

    def __init__(self) -> None:
        self._opened: Counter[str] = Counter()
        self.open_until = 0.0
        self._failures = 0
        self._times = 0
        self._closed_at = 0.0
        self._shut = False
        self._probed = False

    def state(self, now: float) -> State:
        """Where it stands."""
        if not self._shut:
            return State.CLOSED
        return State.OPEN if now < self.open_until else State.HALF_OPEN

    def admits(self, now: float) -> bool:
        """Whether a request may go to the instance."""
        return not self._shut or (now >= self.open_until and not self._probed)

    def begin(self, now: float) -> bool:
        """A request goes there. Whether it is the one let through, which must end with one of the four below."""
        probes = self.state(now) is State.HALF_OPEN and not self._probed
        self._probed = self._probed or probes
        return probes

    def left(self) -> None:
        """The one let through ended without telling anything: its client is gone."""
        self._probed = False

    def succeeded(self, now: float) -> None:
        """A request was answered."""
        self._failures = 0
        if self._shut:
            self._shut, self._probed, self._closed_at = False, False, now

    def failed(self, now: float) -> None:
        """A request was answered 5xx, brokenly, or not in time."""
        self._failures += 1
        if self._shut or self._failures >= FAILURES:
            self._open(now, "failures")

    def refused(self, now: float) -> None:
        """It took no connection."""
        self._open(now, "refused")

    def _open(self, now: float, why: str) -> None:
        # What was sent before it opened may fail later: that is the same trouble, not more of it.
        if self.state(now) is State.OPEN:
            return
        if not self._shut:
            self._times = max(0, self._times - int((now - self._closed_at) / FORGIVEN_SECONDS))
        self._shut, self._probed, self._failures = True, False, 0
        self.open_until = now + min(FIRST_SECONDS * 2**self._times, LONGEST_SECONDS)
        # More would not make it longer, and would have to be forgiven.
        self._times = min(self._times + 1, 4)
        self._opened[why] += 1

    def take_opened(self) -> Counter[str]:
        """How often it opened since this was last asked, by why: `refused` or `failures`."""
        taken, self._opened = self._opened, Counter()
        return taken
