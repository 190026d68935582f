"""What maintenance came to, kept for whoever looks: the last run of each command."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.models import MaintenanceRun
from service import clock


class Run:
    """A run under way; `differences` is what it found and did not heal."""

    differences = 0


@contextmanager
def recorded(command: str) -> Iterator[Run]:
    """Record the command as run when the block comes to its end; one that was broken off is none."""
    begun, run = time.monotonic(), Run()
    yield run
    found = {"finished_at": clock.now(), "seconds": time.monotonic() - begun, "differences": run.differences}
    MaintenanceRun.objects.update_or_create(command=command, defaults=found)
