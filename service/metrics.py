"""`/actuator/prometheus`: what the service counts, of all its web workers together."""

import os
import shutil
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess


def begin_multiprocess(folder: Path) -> None:
    """Have every worker of this service count into files below `folder`, which is wiped: counts of an earlier run
    would be added to this one's. To be called before anything imports prometheus_client's metrics."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def exposition() -> bytes:
    """Prometheus' text format: over all workers where they share a folder, else of this process."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types here
    return generate_latest(registry)


def view(request: HttpRequest) -> HttpResponse:
    """The metrics, for Prometheus to scrape."""
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
