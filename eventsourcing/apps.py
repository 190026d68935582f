"""The Django app that each event-sourced service installs."""

from django.apps import AppConfig


class EventSourcingConfig(AppConfig):
    """Event store, outbox and what moves them."""

    name = "eventsourcing"
    verbose_name = "Event sourcing"

    def ready(self) -> None:
        """Have them reported, and told in the details of health."""
        from eventsourcing import details, measures, report
        from service import health

        report.register(*measures.all_of_them())
        health.register_detail("outbox", details.outbox)
        health.register_detail("relays", details.relays)
        health.register_detail("deadLetters", details.dead_letters)
