"""The Django app of the recommendations service."""

from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    """Makes known what the service reads, how, what becomes of dead letters, and what its health is."""

    name = "recommendations"

    def ready(self) -> None:
        """Register them."""
        from eventsourcing import consumer, deadletters, erasure, schema_registry
        from recommendations import batch, details, events, graph, log, proof
        from service import health

        schema_registry.register(*events.READ)
        consumer.register(log.SUBSCRIPTION)
        deadletters.register(log.PROJECTOR, batch.retry)
        erasure.register(log.forget)
        proof.register()
        health.register("graph", graph.check)
        health.register_detail("projector", details.projector)
