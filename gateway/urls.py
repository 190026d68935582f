"""Paths that the gateway answers itself."""

from django.urls import path

from gateway import documentation, views
from service import health
from service.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

# Metrics are for the inside: they are not served on the port that everybody reaches.
urlpatterns = [
    path("actuator/health", health.view, name="health"),
    path("actuator/health/liveness", health.liveness, name="liveness"),
    path("actuator/health/readiness", views.readiness, name="readiness"),
    path("actuator/gateway/routes", views.routes, name="routes"),
    path("docs", documentation.view, name="docs"),
    path("docs/", documentation.view),
    path("docs/<str:name>", documentation.view),
]
