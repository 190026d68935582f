"""Leases that have run out. They are not given out any more, whether or not the eviction has run; the eviction
deletes them and tells those who read only the changes.

Time in which no registry could take a renewal does not count: a registry that comes back after a minute must not say
that nobody is there. So the leases' time is the pulse, which the registries set while they live, not the clock.
"""

import logging
import random
import threading
from datetime import timedelta

from django.db import close_old_connections, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Least

from registry import commands, metrics, preservation
from registry.memory import AWAY, MEMORY
from registry.models import Lease, Pulse

logger = logging.getLogger(__name__)
PULSE_SECONDS = 1.0
# A pulse that stood still for so long was none: a busy machine's delays are shorter.
OUTAGE = timedelta(seconds=3)


@transaction.atomic
def beat() -> None:
    """Set the pulse, and see how many leases have run out by it. After an outage the leases that lived before it have
    what they had left then."""
    now = commands.begin_change()
    pulse = Pulse.objects.first() or Pulse(at=now)
    gap = now - pulse.at
    if gap > OUTAGE:
        moved = Least(F("renewed_at") + gap, Value(now))
        number = Lease.objects.exclude(preservation.gone()).update(renewed_at=moved)
        logger.warning("No registry was there for %.0f s; %d leases are longer by that", gap.total_seconds(), number)
    pulse.at = now
    pulse.save()
    preservation.look(pulse, now)


def evict() -> int:
    """End the leases that have run out and are not preserved; how many. One that is renewed meanwhile stays."""
    if not Lease.objects.filter(preservation.gone()).exists():
        return 0
    with transaction.atomic():
        now = commands.begin_change()
        expired = list(Lease.objects.select_for_update(skip_locked=True).filter(preservation.gone()))
        for lease in expired:
            commands.end(lease, now, evicted=preservation.just_ran_out(lease, now))
    for lease in expired:
        metrics.EVICTIONS.inc()
        logger.warning("The lease of %s ran out", lease)
    return len(expired)


@transaction.atomic
def turn() -> int:
    """Set the pulse and evict, at once for whoever reads; how many were evicted. So that what is given out never
    changes without a change that is told."""
    beat()
    return evict()


class Evictor:
    """Sets the pulse, evicts, and remembers what there is, in a thread of each web worker; whoever comes first finds
    the most to evict."""

    def __init__(self, seconds: float = PULSE_SECONDS) -> None:
        self._seconds, self._silent = seconds, False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eviction", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait for that."""
        self._stopping.set()
        self._thread.join()

    def check(self) -> None:
        """For health: raises where the thread has ended, for then no lease would ever run out."""
        if not self._thread.is_alive():
            raise RuntimeError("The eviction has ended.")

    def step(self) -> None:
        """One round; a database that is away is said once, and waited for."""
        close_old_connections()
        try:
            turn()
            MEMORY.hear()
        except AWAY as error:
            MEMORY.lose()
            if not self._silent:
                logger.warning("The database does not answer: %s", str(error).strip().partition("\n")[0])
            self._silent = True
            connection.close()
        else:
            if self._silent:
                logger.info("The database answers again")
            self._silent = False

    def _run(self) -> None:
        # Workers that started together must not come together.
        while not self._stopping.wait(self._seconds * random.uniform(0.5, 1.0)):  # noqa: S311 -- jitter
            self.step()
        connection.close()
