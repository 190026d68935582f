"""Paths of the registry."""

from django.contrib import admin
from django.urls import include, path

from registry import api, dashboard
from service import urls as shared
from service.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

eureka = [
    path("apps", api.Applications.as_view()),
    path("apps/", api.Applications.as_view()),
    path("apps/delta", api.Delta.as_view()),
    path("apps/<str:app>", api.Application.as_view()),
    path("apps/<str:app>/<str:instance_id>", api.OneInstance.as_view()),
    path("apps/<str:app>/<str:instance_id>/status", api.Status.as_view()),
    path("apps/<str:app>/<str:instance_id>/metadata", api.Metadata.as_view()),
    path("instances/<str:instance_id>", api.InstanceById.as_view()),
    path("vips/<str:address>", api.ByAddress.as_view()),
    path("svips/<str:address>", api.ByAddress.as_view(secure=True)),
]

urlpatterns = [
    path("", dashboard.view, name="dashboard"),
    path("eureka/", include(eureka)),
    path("eureka/v2/", include(eureka)),
    path("admin/", admin.site.urls),
    *shared.urlpatterns,
]
