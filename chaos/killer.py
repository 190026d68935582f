"""Goes through the plan's hits, one at a time, and never faster than the system can bear.

The rule: a hit comes when its pause is over, at least PROGRESS commands were accepted since the last hit, at most one
process or engine is away (no other engine, where the target is one: they come back slowly), and the target has been
at work for some seconds. It strikes as soon as the target has work in flight. A hit whose target is not ready, or has
no work for SECONDS_TO_FIND_WORK, is put off, and the next one takes its turn; for want of work once, then it strikes
all the same, and does not count.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from chaos.load import Load
from chaos.plan import KILL, WORKER, Hit
from chaos.targets import Failed, Targets

PROGRESS, MOST_AWAY, LEAST_SECONDS = 10, 1, 2.0
SECONDS_TO_FIND_WORK, SECONDS_TO_BE_READY, SECONDS_WITHOUT_PROGRESS = 3.0, 3.0, 120.0


class Killer(threading.Thread):
    """Strikes until it is stopped. `said`: the last thing that it did; `problem`: why it gave up."""

    def __init__(self, targets: Targets, load: Load, plan: Iterator[Hit], notes: Path) -> None:
        super().__init__(name="killer", daemon=True)
        self._targets, self._load, self._plan, self._notes = targets, load, plan, notes
        self._stopping = threading.Event()
        self._put_off: list[Hit] = []
        self._idle: set[Hit] = set()
        self.said = self.problem = ""
        self.kills: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()
        self.others: Counter[str] = Counter()

    def stop(self) -> None:
        """No more hits; wait for one that is under way, so that nothing stays stopped."""
        self._stopping.set()
        self.join()

    def run(self) -> None:
        """Serve."""
        last = time.monotonic()
        for hit in self._plan:
            enough = self._load.accepted + PROGRESS
            if self._stopping.wait(max(LEAST_SECONDS, last + hit.after - time.monotonic())):
                return
            if not self._wait(partial(self._progressed, enough), SECONDS_WITHOUT_PROGRESS):
                if not self._stopping.is_set():
                    self.problem = f"no progress in {SECONDS_WITHOUT_PROGRESS:.0f} s after: {self.said}"
                return
            self._put_off.append(hit)
            if self._wait(self._somebody_ready, SECONDS_TO_BE_READY):
                last = time.monotonic()
                self._strike(self._next_ready())
            elif not self._stopping.is_set():
                self._note(hit, 0, "put off", struck=False)

    def _somebody_ready(self) -> bool:
        return any(map(self._may, self._put_off))

    def _next_ready(self) -> Hit:
        """The one that has waited longest. Only this thread hits, so who was ready a moment ago is."""
        place = next((place for place, hit in enumerate(self._put_off) if self._may(hit)), 0)
        return self._put_off.pop(place)

    def _progressed(self, enough: int) -> bool:
        return self._load.accepted >= enough

    def _may(self, hit: Hit) -> bool:
        return len(self._targets.away()) <= MOST_AWAY and self._targets.ready(hit)

    def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or self._stopping.wait(0.1):
                return False
        return not self._stopping.is_set()

    def _strike(self, hit: Hit) -> None:
        work = self._find_work(hit) if hit.how in (KILL, WORKER) else 0
        if hit.how in (KILL, WORKER) and not work and hit not in self._idle:
            self._idle.add(hit)
            self._put_off.append(hit)
            self._note(hit, 0, "put off, it has no work", struck=False)
            return
        try:
            self._targets.strike(hit)
        except Failed as error:
            self._note(hit, work, str(error))
            return
        if hit.how in (KILL, WORKER):
            self.kills[hit.target] += 1
            self.counted[hit.target] += work > 0
        else:
            self.others[hit.how] += 1
        self._note(hit, work, "")

    def _find_work(self, hit: Hit) -> int:
        deadline = time.monotonic() + SECONDS_TO_FIND_WORK
        while not (work := self._targets.work(hit.target)) and time.monotonic() < deadline:
            time.sleep(0.002)
        return work

    def _note(self, hit: Hit, work: int, trouble: str, *, struck: bool = True) -> None:
        self.said = f"{hit.target} {hit.how}{': ' + trouble if trouble else ''}"
        noted = {"at": time.monotonic_ns(), "time": time.strftime("%H:%M:%S"), "target": hit.target, "how": hit.how}
        noted |= {"struck": struck, "paused": hit.paused, "work": work, "trouble": trouble}
        with self._notes.open("a", encoding="utf-8") as file:
            file.write(json.dumps(noted) + "\n")
