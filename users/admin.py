"""Users in Django's admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from eventsourcing.admin import events_link
from service.admin import ReadOnlyAdmin
from users import user
from users.models import User


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Users as their events made them: commands change them, the admin only looks."""

    list_display = ("id", "first_name", "last_name", "created_at", "last_modified", "version", "events")
    ordering = ("-id",)
    readonly_fields = ("events",)
    search_fields = ("first_name", "last_name")
    search_help_text = "an id, or the beginning of a name"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By id, or by the beginning of a first or last name: what the indexes can answer."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.isdecimal() and int(term) < 2**63:
            return queryset.filter(pk=int(term)), False
        pattern = term.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        return queryset.extra(
            where=["lower(first_name) LIKE %s OR lower(last_name) LIKE %s"], params=[pattern] * 2
        ), False

    @admin.display(description="events")
    def events(self, row: User) -> SafeString:
        """To the user's events."""
        return events_link(user.stream_of(row.id))
