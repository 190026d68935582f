"""The Django app that each event-sourced service installs."""

from django.apps import AppConfig


class EventSourcingConfig(AppConfig):
    """Event store, outbox and what moves them."""

    name = "eventsourcing"
    verbose_name = "Event sourcing"
