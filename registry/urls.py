"""Paths of the registry."""

from django.contrib import admin
from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from registry import api, dashboard, health
from service import urls as shared
from service.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class NameConverter(StringConverter):
    """A name in a path: no other could be registered, and PostgreSQL does not take every character."""

    regex = r"[^/\x00-\x1f\x7f]{1,500}"


register_converter(NameConverter, "name")

eureka = [
    path("apps", api.Applications.as_view()),
    path("apps/", api.Applications.as_view()),
    path("apps/delta", api.Delta.as_view()),
    path("apps/<name:app>", api.Application.as_view()),
    path("apps/<name:app>/<name:instance_id>", api.OneInstance.as_view()),
    path("apps/<name:app>/<name:instance_id>/status", api.Status.as_view()),
    path("apps/<name:app>/<name:instance_id>/metadata", api.Metadata.as_view()),
    path("instances/<name:instance_id>", api.InstanceById.as_view()),
    path("vips/<name:address>", api.ByAddress.as_view()),
    path("svips/<name:address>", api.ByAddress.as_view(secure=True)),
]

urlpatterns = [
    path("", dashboard.view, name="dashboard"),
    path("eureka/", include(eureka)),
    path("eureka/v2/", include(eureka)),
    path("admin/", admin.site.urls),
    # Before the shared one.
    path("actuator/health", health.view),
    *shared.urlpatterns,
]
