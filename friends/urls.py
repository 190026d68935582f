"""Paths of the friends service."""

from django.contrib import admin
from django.urls import path

from eventsourcing.feedapi import EventFeed
from friends import api
from service import urls as shared
from service.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("v1/users/<str:user_id>/commands/addFriend", api.AddFriend.as_view()),
    path("v1/users/<str:user_id>/commands/removeFriend", api.RemoveFriend.as_view()),
    path("v1/users/<str:user_id>/friends", api.FriendsOfUser.as_view()),
    path("v1/friends/<str:friendship_id>", api.OneFriendship.as_view()),
    path("v1/friends/<str:friendship_id>/history", api.FriendshipHistory.as_view()),
    path("v1/events", EventFeed.as_view()),
    path("admin/", admin.site.urls),
    *shared.urlpatterns,
]
