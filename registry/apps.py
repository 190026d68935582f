"""The Django app of the registry."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Leases of instances."""

    name = "registry"

    def ready(self) -> None:
        """Have them counted when the registry is scraped, and this registry's own idea of its database decide about
        health."""
        from registry.health import database
        from registry.measures import Leases
        from service import health, metrics

        metrics.ask(Leases())
        health.register("database", database)
