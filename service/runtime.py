"""What Python and the operating system tell of a process: processor, memory, files, threads, garbage.

prometheus_client tells it of a process that counts in its own memory, but not of workers that share a folder. There a
thread of each worker measures from time to time, under the same names, with the worker's place as a label.
"""

import gc
import logging
import threading
from collections.abc import Callable, Iterator
from functools import cache

from prometheus_client import REGISTRY, Metric, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from service import metrics

logger = logging.getLogger(__name__)
SECONDS = 2.0
WHERE = "every process; web workers by their place"

_NAMED = {
    "process_virtual_memory_bytes": "Virtual memory.",
    "process_resident_memory_bytes": "Resident memory.",
    "process_start_time_seconds": "When it was started, in seconds since 1970.",
    "process_open_fds": "Open file descriptors.",
    "process_max_fds": "The most that it may have open.",
}
# Not in the library's registry, where its own collectors have these names.
_gauges = {
    name: metrics.gauge(name, meaning, ["worker"], where=WHERE, registry=None) for name, meaning in _NAMED.items()
}
_cpu = metrics.counter("process_cpu_seconds_total", "Processor time.", ["worker"], where=WHERE, registry=None)
_threads = metrics.gauge("python_threads", "Threads of Python.", ["worker"], where=WHERE, registry=None)
_connections = metrics.gauge(
    "web_client_connections", "Open connections of clients.", ["worker"], where="web of every service"
)
_gc = tuple(
    (member, metrics.counter(name, meaning, ["worker", "generation"], where=WHERE, registry=None))
    for member, name, meaning in (
        ("collected", "python_gc_objects_collected_total", "Objects that the garbage collector freed."),
        ("uncollectable", "python_gc_objects_uncollectable_total", "Objects that it could not free."),
        ("collections", "python_gc_collections_total", "Its runs."),
    )
)


class Threads(Collector):
    """`python_threads` of a process that counts in its own memory: what prometheus_client leaves out."""

    def collect(self) -> Iterator[Metric]:
        """The number of threads."""
        yield GaugeMetricFamily("python_threads", "Threads of Python.", threading.active_count())


@cache
def begin_process() -> None:
    """In a process that counts in its own memory: tell of its threads too."""
    REGISTRY.register(Threads())


class Sampler:
    """In a web worker: measures it every two seconds, in a thread. `connections` says how many clients it has."""

    def __init__(self, place: int, connections: Callable[[], int]) -> None:
        self._worker, self._open = str(place), connections
        self._process = ProcessCollector(registry=None)
        self._told: dict[str, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._stopping.set()
        self._thread.join(timeout=SECONDS)

    def measure(self) -> None:
        """Measure once."""
        for metric in self._process.collect():
            for one in metric.samples:
                if one.name in _gauges:
                    _gauges[one.name].labels(self._worker).set(one.value)
                elif one.name == "process_cpu_seconds_total":
                    _cpu.labels(self._worker).inc(self._more("cpu", one.value))
        _threads.labels(self._worker).set(threading.active_count())
        for generation, stats in enumerate(gc.get_stats()):
            for member, counter in _gc:
                more = self._more(f"{member} {generation}", stats[member])
                counter.labels(self._worker, str(generation)).inc(more)
        _connections.labels(self._worker).set(self._open())

    def _more(self, name: str, value: float) -> float:
        """By how much a count has grown. It goes on from worker to worker at one place."""
        before, self._told[name] = self._told.get(name, 0.0), value
        return value - before

    def _run(self) -> None:
        while True:
            try:
                self.measure()
            except Exception:
                # Whatever it was: the service's work must not end, or go unmeasured from now on, for it.
                logger.exception("Measuring this process went wrong")
            if self._stopping.wait(SECONDS):
                return
