"""Requests of a Django service, under django-prometheus' names.

Of its thirty families the two that can be alarmed on or drawn: all of them cost a short read a tenth of its time, and
one of them takes whatever method a client sends for a label.
"""

from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest, HttpResponse
from django_prometheus.conf import PROMETHEUS_LATENCY_BUCKETS

from service import metrics

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
NO_VIEW = "<unnamed view>"
WHERE = "web of users, friends, recommendations, registry"

SECONDS = metrics.histogram(
    "django_http_requests_latency_seconds_by_view_method",
    "Seconds that a request took, by view and method (others than HTTP's usual ones: `<invalid method>`).",
    ["view", "method"],
    where=WHERE,
    buckets=PROMETHEUS_LATENCY_BUCKETS,
)
RESPONSES = metrics.counter(
    "django_http_responses_total_by_status_view_method_total",
    "Responses by status, view and method.",
    ["status", "view", "method"],
    where=WHERE,
)


class RequestMetricsMiddleware:
    """Counts and times every request; the outermost."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request, and measure."""
        begun = perf_counter()
        response = self.get_response(request)
        # Set by Django where a path leads to a view; never the path itself, of which there are as many as ids.
        match = request.resolver_match
        view = (match.view_name if match else None) or NO_VIEW
        method = request.method if request.method in METHODS else "<invalid method>"
        SECONDS.labels(view, method).observe(perf_counter() - begun)
        RESPONSES.labels(str(response.status_code), view, method).inc()
        return response
