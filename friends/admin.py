"""Friendships and the directory in Django's admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from eventsourcing.admin import events_link
from friends import friendship
from friends.models import Friendship, KnownUser
from service.admin import ReadOnlyAdmin


def _number(term: str) -> int:
    """The id that was asked for; one that nobody has for anything else."""
    return int(term) if term.isdecimal() and int(term) < 2**63 else 0


@admin.register(Friendship)
class FriendshipAdmin(ReadOnlyAdmin):
    """Friendships as their events made them. Search: the id of either user."""

    list_display = ("id", "low", "high", "user_id", "active", "created_at", "updated_at", "version", "events")
    ordering = ("-id",)
    readonly_fields = ("events",)
    search_fields = ("low",)
    search_help_text = "a user's id"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Either of the two, each by its index."""
        term = search_term.strip()
        found = Q(low=_number(term)) | Q(high=_number(term))
        return (queryset.filter(found) if term else queryset), False

    @admin.display(description="events")
    def events(self, row: Friendship) -> SafeString:
        """To the friendship's events."""
        return events_link(friendship.stream_of(row.low, row.high))


@admin.register(KnownUser)
class KnownUserAdmin(ReadOnlyAdmin):
    """Which users this service knows of."""

    list_display = ("user_id", "version", "deleted")
    ordering = ("-user_id",)
    search_fields = ("user_id",)
    search_help_text = "a user's id"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By id."""
        term = search_term.strip()
        return (queryset.filter(pk=_number(term)) if term else queryset), False
