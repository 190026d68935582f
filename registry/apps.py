"""The Django app of the registry."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Leases of instances."""

    name = "registry"
