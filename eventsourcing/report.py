"""Numbers that stand in the service's database, measured by one process and no other.

Every replica could read them, and each would say the same. The relay that owns shard 0 says them in a domain service,
the leading projector in the aggregate service; where there is none, nobody does, and that is an alarm itself. They
are measured in a thread with a session of its own: a slow database must not keep a relay from its heartbeat. What
could not be measured lately is left out, for an old number looks like a good one.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import psycopg2
from prometheus_client import REGISTRY, Metric
from prometheus_client.registry import Collector

from eventsourcing import direct, metrics
from service import exporter

logger = logging.getLogger(__name__)
SECONDS, KEPT_SECONDS, STATEMENT_MS = 2.0, 15.0, 2_000
Measure = Callable[[direct.Connection], Iterator[Metric]]
Leads = Callable[[], bool]

_measures: list[Measure] = []


def register(*measures: Measure) -> None:
    """Have whoever reports for this service measure these too."""
    _measures.extend(one for one in measures if one not in _measures)


class Reporter(Collector):
    """Measures every two seconds while `leads` says so; gives what it last measured to whoever scrapes."""

    def __init__(self, leads: Leads) -> None:
        self._leads = leads
        self._found: tuple[float, Sequence[Metric]] = (0.0, ())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it; what it may be waiting for has a time limit."""
        self._stopping.set()
        self._thread.join(timeout=STATEMENT_MS / 1000 + 1)

    def collect(self) -> Sequence[Metric]:
        """What was measured last, unless that is too long ago or another's by now."""
        at, found = self._found
        return found if self._leads() and time.monotonic() - at < KEPT_SECONDS else ()

    def describe(self) -> Sequence[Metric]:
        """Nothing, so that to be registered it need not measure."""
        return ()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._leads():
                    self._serve()
            except psycopg2.Error as error:
                logger.info("Nothing is reported for now: %s", str(error).strip())
            self._stopping.wait(SECONDS)

    def _serve(self) -> None:
        with closing(direct.connect("report")) as connection:
            direct.fetch(connection, f"SET statement_timeout = {STATEMENT_MS}")
            while self._leads() and not self._stopping.is_set():
                self._found = time.monotonic(), measure(connection)
                self._stopping.wait(SECONDS)


def measure(connection: direct.Connection) -> list[Metric]:
    """Everything that this service reports, now. Raises psycopg2.Error."""
    begun = metrics.REPORTED_AT.gauge()
    # Before the first look: whatever had happened by then is in it.
    begun.add_metric([], time.time())
    return [begun, *(family for one in _measures for family in one(connection))]


@contextmanager
def serving(leads: Leads) -> Iterator[None]:
    """Serve the metrics of this process, and those of the database while it `leads`, until the block ends."""
    with exporter.serving() as served:
        if not served:
            yield
            return
        reporter = Reporter(leads)
        REGISTRY.register(reporter)
        reporter.start()
        try:
            yield
        finally:
            REGISTRY.unregister(reporter)
            reporter.stop()
