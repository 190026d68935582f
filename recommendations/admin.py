"""The event log in Django's admin: to look at, not to touch. Dead letters are shown by `eventsourcing`'s admin."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from eventsourcing.admin import ERASED
from eventsourcing.models import OutboxEntry, StoredEvent
from recommendations import events
from recommendations.models import LogEntry, LogPersonal
from service.admin import ReadOnlyAdmin, pretty

# This service stores and publishes no events of its own; what shows them is registered by the import above.
admin.site.unregister([StoredEvent, OutboxEntry])


def _stream_or_id(term: str) -> Q:
    try:
        return Q(stream=term) | Q(event_id=UUID(term))
    except ValueError:
        return Q(stream=term)


class TypeFilter(admin.SimpleListFilter):
    """By type, of those that the service reads: asking the table for its types would read all of it."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The types that the service reads."""
        return [(one.type, one.type) for one in events.READ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Entries of the chosen type."""
        return queryset.filter(event_type=self.value()) if self.value() else queryset


class TopicFilter(admin.SimpleListFilter):
    """By topic."""

    title = "topic"
    parameter_name = "topic"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The topics that the service consumes."""
        return [(topic, topic) for topic in events.TOPICS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Entries of the chosen topic."""
        return queryset.filter(topic=self.value()) if self.value() else queryset


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """The event log, the newest first. Search: a stream's whole name, or an event's id."""

    list_display = (
        "id",
        "topic",
        "partition",
        "position",
        "stream_link",
        "stream_version",
        "event_type",
        "occurred_at",
        "received_at",
        "summary",
    )
    list_filter = (TypeFilter, TopicFilter)
    ordering = ("-id",)
    search_fields = ("stream",)
    search_help_text = "a stream, such as friendship-3-4, or an event's id"
    fields = (
        ("topic", "partition", "position"),
        ("source_offset", "source_topic_id"),
        "event_id",
        ("stream_link", "stream_version"),
        ("event_type", "schema_version"),
        ("occurred_at", "received_at"),
        "subject",
        "how_it_came_about",
    )
    readonly_fields = tuple(name for group in fields for name in ((group,) if isinstance(group, str) else group))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Whole names and ids only: both have an index."""
        term = search_term.strip()
        return (queryset.filter(_stream_or_id(term)) if term else queryset), False

    @admin.display(description="stream")
    def stream_link(self, entry: LogEntry) -> SafeString:
        """To all entries of the stream."""
        url = reverse("admin:recommendations_logentry_changelist")
        return format_html('<a href="{}?{}">{}</a>', url, urlencode({"q": entry.stream}), entry.stream)

    @admin.display(description="data")
    def summary(self, entry: LogEntry) -> str:
        """The data in a line."""
        return ", ".join(f"{name} {value}" for name, value in entry.data.items() if not name.endswith("At"))[:120]

    @admin.display(description="subject")
    def subject(self, entry: LogEntry) -> SafeString:
        """The data, with its personal members; those that are erased say so."""
        personal = LogPersonal.objects.filter(event_id=entry.event_id).first()
        return pretty(dict.fromkeys(entry.personal, ERASED) | entry.data | (personal.data if personal else {}))

    @admin.display(description="metadata")
    def how_it_came_about(self, entry: LogEntry) -> SafeString:
        """The metadata, for reading."""
        return pretty(entry.metadata)
