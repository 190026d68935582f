"""The Django app of the registry."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Leases of instances."""

    name = "registry"

    def ready(self) -> None:
        """Have them counted when the registry is scraped."""
        from registry.measures import Leases
        from service import metrics

        metrics.ask(Leases())
