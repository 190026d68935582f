"""Work that leaves room for others."""

import time

BATCH = 500


class Pace:
    """Keeps to so many pieces a second; 0: as fast as it goes."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._began, self._done = time.monotonic(), 0

    @property
    def batch(self) -> int:
        """Pieces in a batch: at most those of half a second, so that a slow pace is an even one."""
        return max(1, min(BATCH, int(self._rate / 2))) if self._rate else BATCH

    def keep(self, done: int) -> None:
        """So many more are done: wait for as long as they should have taken."""
        self._done += done
        if self._rate:
            time.sleep(max(0.0, self._began + self._done / self._rate - time.monotonic()))
