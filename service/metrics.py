"""What a service counts, and how it is read: `/actuator/prometheus`.

Each package declares its metrics in a module `metrics` by the functions below: with a declaration goes what it means
and which process measures it. docs/reference/metrics.md is made of that.

Web workers count into files of a folder that they share, a set of files for each place (1, 2 …) in gunicorn's row of
workers, not for each process: a worker that follows one that died goes on with its counts, so that counters never go
backwards and neither files nor series become more. Other processes count in their own memory.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
    values,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from service.methods import safe_only

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# Seconds: a read of one row to a request that is given up.
LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# How several workers' gauges make one number. Those of the dead do not count.
Mode = Literal["livesum", "livemax", "livemin"]

# When each counter was made is of no use to us and doubles the series.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A metric: `where` says which process measures it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    where: str

    def gauge(self) -> GaugeMetricFamily:
        """A family of gauges to fill, for what is measured when it is asked for."""
        return GaugeMetricFamily(self.name, self.meaning, labels=self.labels)

    def counter(self) -> CounterMetricFamily:
        """The same of counters."""
        return CounterMetricFamily(self.name, self.meaning, labels=self.labels)


_declared: dict[str, Declared] = {}
_asked: list[Collector] = []


def all_declared() -> list[Declared]:
    """Every metric of the modules that are loaded, by name."""
    return [_declared[name] for name in sorted(_declared)]


def declare(kind: str, name: str, meaning: str, labels: Sequence[str] = (), *, where: str) -> Declared:
    """Declare a metric that a collector gives; the other functions here declare and make one."""
    made = Declared(name=name, kind=kind, labels=tuple(labels), meaning=meaning, where=where)
    _declared[name] = made
    return made


def counter(
    name: str,
    meaning: str,
    labels: Sequence[str] = (),
    *,
    where: str,
    registry: CollectorRegistry | None = REGISTRY,
) -> Counter:
    """Something that is counted."""
    declare("counter", name, meaning, labels, where=where)
    return Counter(name, meaning, labels, registry=registry)


def gauge(
    name: str,
    meaning: str,
    labels: Sequence[str] = (),
    *,
    where: str,
    mode: Mode = "livesum",
    registry: CollectorRegistry | None = REGISTRY,
) -> Gauge:
    """Something that goes up and down."""
    declare("gauge", name, meaning, labels, where=where)
    return Gauge(name, meaning, labels, multiprocess_mode=mode, registry=registry)


def histogram(
    name: str, meaning: str, labels: Sequence[str] = (), *, where: str, buckets: Sequence[float] = LATENCY
) -> Histogram:
    """Something of which the distribution matters."""
    declare("histogram", name, meaning, labels, where=where)
    return Histogram(name, meaning, labels, buckets=buckets)


def ask(collector: Collector) -> None:
    """Have `collector` give its families whenever this service's web server is scraped."""
    _asked.append(collector)


# -- several workers -----------------------------------------------------------------------------------------------


def begin_multiprocess(folder: Path) -> None:
    """In gunicorn's master, before the first worker: have all workers of this service count into `folder`, which is
    wiped, for counts of an earlier run would be added to this one's."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[FOLDER] = str(folder)


def begin_worker(place: int) -> None:
    """In a worker, before it loads the service: count into the files of this place in the row of workers."""
    kind: Callable[[], int] = lambda: place  # noqa: E731 -- what the library wants is a function of nothing
    values.ValueClass = values.MultiProcessValue(kind)  # type: ignore[no-untyped-call]  # as above


def free_place(taken: Sequence[int]) -> int:
    """The first place of the row that nobody has."""
    return next(place for place in range(1, len(taken) + 2) if place not in taken)


def end_worker(place: int) -> None:
    """In the master: the worker at this place is dead. Its gauges go, its counts stay."""
    multiprocess.mark_process_dead(place)  # type: ignore[no-untyped-call]  # as above


def exposition() -> bytes:
    """Prometheus' text format: over all workers where they share a folder, else of this process."""
    registry = REGISTRY
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # as above
        for collector in _asked:
            registry.register(collector)
    return generate_latest(registry)


@safe_only
def view(request: HttpRequest) -> HttpResponse:
    """The metrics, for Prometheus to scrape."""
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
