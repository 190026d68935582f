"""The Django app of the recommendations service."""

from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    """Makes the events that the service reads, its consumer and its health known."""

    name = "recommendations"

    def ready(self) -> None:
        """Register them."""
        from eventsourcing import consumer, schema_registry
        from recommendations import events, graph, log
        from service import health

        schema_registry.register(*events.READ)
        consumer.register(log.SUBSCRIPTION)
        health.register("graph", graph.check)
