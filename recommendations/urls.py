"""Paths of the recommendations service."""

from django.contrib import admin
from django.urls import path

from eventsourcing.feedapi import EventFeed
from recommendations import api, feed
from service import urls as shared
from service.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("v1/users/<str:user_id>/commands/findMutualFriends", api.MutualFriends.as_view()),
    path("v1/users/<str:user_id>/commands/recommendFriends", api.RecommendedFriends.as_view()),
    path("v1/events", EventFeed.as_view(source=feed.LogFeed())),
    path("admin/", admin.site.urls),
    *shared.urlpatterns,
]
