"""Paths and error handlers that every service has: `urlpatterns = [..., *service.urls.urlpatterns]`, and
`from service.urls import handler400, handler403, handler404, handler500` in the service's root URLs."""

from django.urls import path

from service import health, metrics

handler400 = "service.problems.bad_request"
handler403 = "service.problems.forbidden"
handler404 = "service.problems.not_found"
handler500 = "service.problems.server_error"

urlpatterns = [
    path("actuator/health", health.view, name="health"),
    path("actuator/health/liveness", health.liveness, name="liveness"),
    path("actuator/health/detail", health.detail_view, name="health detail"),
    path("actuator/prometheus", metrics.view, name="metrics"),
]
