"""How often requests may be sent again: in proportion to how many there are, so that a service in trouble does not
get several times as many. A token bucket, as Finagle's (https://twitter.github.io/finagle/guide/Clients.html#retries)."""

SHARE = 0.2
FLOOR_PER_SECOND = 3.0
# What is left over may be saved up for an instance that dies with so many requests under way.
MOST_SAVED = 100.0


class Budget:
    """One route's, in one worker: retries for a share of the requests, and `floor` a second whatever there is.

    Over any time, at most MOST_SAVED + SHARE x requests + floor x seconds.
    """

    def __init__(self, *, floor: float = FLOOR_PER_SECOND) -> None:
        self._floor = floor
        self._at: float | None = None
        self._saved = min(MOST_SAVED, floor)

    def request(self) -> None:
        """A client's request has come."""
        self._saved = min(MOST_SAVED, self._saved + SHARE)

    def take(self, now: float) -> bool:
        """Whether one may be sent again now; if so it is counted. `now`: the event loop's time, in seconds."""
        if self._at is not None:
            self._saved = min(MOST_SAVED, self._saved + self._floor * max(0.0, now - self._at))
        self._at = now
        # Five times 0.2 is a little less than 1.
        if self._saved < 1 - 1e-9:
            return False
        self._saved -= 1
        return True
