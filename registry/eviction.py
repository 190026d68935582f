"""Leases that have run out. They are not given out any more, whether or not the eviction has run; the eviction
deletes them and tells those who read only the changes."""

import logging
import random
import threading
from datetime import timedelta

from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from registry import commands
from registry.models import Lease

logger = logging.getLogger(__name__)
EVICTION_SECONDS = 5.0


def run_out() -> Q:
    """The condition of a lease that has run out, by the database's clock. The one place that decides it."""
    length = ExpressionWrapper(F("lease_seconds") * timedelta(seconds=1), output_field=DurationField())
    return Q(renewed_at__lt=Now() - length)


def evict() -> int:
    """End the leases that have run out; how many. A lease that is renewed meanwhile stays."""
    if not Lease.objects.filter(run_out()).exists():
        return 0
    with transaction.atomic():
        now = commands.begin_change()
        expired = list(Lease.objects.select_for_update(skip_locked=True).filter(run_out()))
        for lease in expired:
            commands.end(lease, now)
    for lease in expired:
        logger.warning("The lease of %s ran out", lease)
    return len(expired)


class Evictor:
    """Evicts every few seconds, in a thread of each web worker; whoever comes first finds the most."""

    def __init__(self, seconds: float = EVICTION_SECONDS) -> None:
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

    def step(self) -> None:
        """One round; a database that is away is said once, and waited for."""
        close_old_connections()
        try:
            evict()
        except (OperationalError, InterfaceError) as error:
            if not self._silent:
                logger.warning("Cannot evict, the database does not answer: %s", str(error).partition("\n")[0])
            self._silent = True
            connection.close()
        else:
            self._silent = False

    def _run(self) -> None:
        # Workers that started together must not come together.
        while not self._stopping.wait(self._seconds * random.uniform(0.5, 1.0)):  # noqa: S311 -- jitter
            self.step()
        connection.close()
