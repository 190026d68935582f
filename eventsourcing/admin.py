"""Events, outbox and dead letters in Django's admin."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from eventsourcing import deadletters, schema_registry
from eventsourcing.models import DeadLetter, ErasedStream, OutboxEntry, Personal, StoredEvent
from service.admin import ReadOnlyAdmin, pretty

ERASED = "(erased)"


def events_link(stream: str) -> SafeString:
    """A link to the events of a stream."""
    url = reverse("admin:eventsourcing_storedevent_changelist")
    return format_html('<a href="{}?{}">{}</a>', url, urlencode({"stream__exact": stream}), stream)


class TypeFilter(admin.SimpleListFilter):
    """By type, of those that the service knows: asking the table for its types would read all of it."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """The registered types."""
        return sorted({(one.type, one.type) for one in schema_registry.all_types()})

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Events of the chosen type."""
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(StoredEvent)
class StoredEventAdmin(ReadOnlyAdmin):
    """The event store. Search: a stream's whole name, or an event's id."""

    list_display = ("position", "stream_link", "version", "type", "occurred_at", "summary")
    list_filter = (TypeFilter,)
    ordering = ("-position",)
    search_fields = ("stream",)
    search_help_text = "a stream, such as user-42, or an event's id"
    fields = (
        "position",
        "event_id",
        "stream_link",
        "version",
        "type",
        "schema_version",
        "occurred_at",
        "subject",
        "how_it_came_about",
        "on_its_way",
    )  # fmt: skip -- one line a group
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Whole names and ids only: both have an index."""
        term = search_term.strip()
        return (queryset.filter(_stream_or_id(term)) if term else queryset), False

    @admin.display(description="stream")
    def stream_link(self, event: StoredEvent) -> SafeString:
        """To all events of the stream."""
        return events_link(event.stream)

    @admin.display(description="data")
    def summary(self, event: StoredEvent) -> str:
        """The data in a line."""
        return ", ".join(f"{name} {value}" for name, value in event.data.items() if not name.endswith("At"))[:120]

    @admin.display(description="subject")
    def subject(self, event: StoredEvent) -> SafeString:
        """The data, with its personal members; those that are erased say so."""
        personal = Personal.objects.filter(event_id=event.event_id).first()
        members = event.data | (personal.data if personal else {})
        gone = schema_registry.lacking(event.type, event.schema_version, members)
        return pretty(members | dict.fromkeys(gone, ERASED))

    @admin.display(description="metadata")
    def how_it_came_about(self, event: StoredEvent) -> SafeString:
        """The metadata, for reading."""
        return pretty(event.metadata)

    @admin.display(description="outbox")
    def on_its_way(self, event: StoredEvent) -> str:
        """Whether and where it was published."""
        entry = OutboxEntry.objects.filter(pk=event.position).first()
        if entry is None or entry.published_at is None:
            return "not published yet"
        where = f"partition {entry.partition}, offset {entry.offset}"
        return f"published {entry.published_at:%Y-%m-%d %H:%M:%S.%f} to {where}"


def _stream_or_id(term: str) -> Q:
    try:
        return Q(stream=term) | Q(event_id=UUID(term))
    except ValueError:
        return Q(stream=term)


class PublishedFilter(admin.SimpleListFilter):
    """Published or not; what is not has an index of its own."""

    title = "published"
    parameter_name = "published"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """No and yes."""
        return [("no", "not yet"), ("yes", "published")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Entries with or without a time of publication."""
        if self.value() is None:
            return queryset
        return queryset.filter(published_at__isnull=self.value() == "no")


@admin.register(OutboxEntry)
class OutboxAdmin(ReadOnlyAdmin):
    """What is on its way to Kafka, and what has got there."""

    list_display = ("event_id", "stream_link", "version", "shard", "state", "partition", "offset", "sequence")
    list_filter = (PublishedFilter,)
    list_select_related = ("event",)
    ordering = ("-event_id",)
    search_fields = ("stream",)
    search_help_text = "a stream, such as user-42"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Whole names only, by way of the events, which have an index on them."""
        term = search_term.strip()
        return (queryset.filter(event__stream=term) if term else queryset), False

    @admin.display(description="stream")
    def stream_link(self, entry: OutboxEntry) -> SafeString:
        """To the events of the stream."""
        return events_link(entry.stream)

    @admin.display(description="state")
    def state(self, entry: OutboxEntry) -> str:
        """Published when, or waiting since when."""
        if entry.published_at:
            return f"published {entry.published_at:%Y-%m-%d %H:%M:%S}"
        return f"waiting for {timesince(entry.event.occurred_at)}"


@admin.register(ErasedStream)
class ErasedStreamAdmin(ReadOnlyAdmin):
    """Streams of others of which nothing personal is kept."""

    list_display = ("stream", "topic", "key", "noted_at")
    ordering = ("stream",)
    search_fields = ("stream",)
    search_help_text = "a stream, such as user-42"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Whole names only."""
        term = search_term.strip()
        return (queryset.filter(pk=term) if term else queryset), False


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """What could not be handled, and what waits behind it."""

    list_display = ("id", "consumer", "topic", "key", "state", "error", "attempts", "created_at", "resolved_by")
    list_filter = ("state",)
    ordering = ("-id",)
    search_fields = ("key",)
    exclude = ("value",)
    readonly_fields = ("message",)
    actions = ("retry", "discard")

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        """Who may change dead letters may resolve them; who may only view may not."""
        return request.user.has_perm("eventsourcing.change_deadletter")

    @admin.action(description="Handle again: the keys of the selected, in order", permissions=["resolve"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Retry each selected letter's key, and say what became of it."""
        for consumer, key in sorted(set(queryset.values_list("consumer", "key"))):
            outcome = deadletters.retry(consumer, key, by=request.user.get_username())
            level = messages.WARNING if outcome.error else messages.SUCCESS
            said = f", then: {outcome.error}" if outcome.error else ""
            self.message_user(request, f"{consumer}, key {key}: {outcome.handled} handled{said}", level)

    @admin.action(description="Discard, with a reason", permissions=["resolve"])
    def discard(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Ask why, then discard."""
        reason = request.POST.get("reason", "")
        if not reason.strip():
            context = {**self.admin_site.each_context(request), "letters": queryset, "title": "Discard dead letters"}
            return render(request, "eventsourcing/discard.html", context)
        number = deadletters.discard(list(queryset), by=request.user.get_username(), reason=reason)
        self.message_user(request, f"{number} discarded.", messages.SUCCESS)
        return None

    @admin.display(description="message")
    def message(self, letter: DeadLetter) -> str:
        """The message's bytes as text."""
        return bytes(letter.value).decode("utf-8", "replace")
