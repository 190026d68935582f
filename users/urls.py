"""Paths of the users service."""

from django.contrib import admin
from django.urls import path

from eventsourcing.feedapi import EventFeed
from service import urls as shared
from service.urls import handler400, handler403, handler404, handler500
from users import api

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("v1/users", api.Users.as_view()),
    path("v1/users/<str:user_id>", api.OneUser.as_view()),
    path("v1/users/<str:user_id>/history", api.UserHistory.as_view()),
    path("v1/events", EventFeed.as_view()),
    path("admin/", admin.site.urls),
    *shared.urlpatterns,
]
