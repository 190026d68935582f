"""The Django app that every service installs."""

from django.apps import AppConfig
from django.conf import settings

from service import health


class ServiceConfig(AppConfig):
    """Registers what every service with a database needs to be up."""

    name = "service"

    def ready(self) -> None:
        """Have the database decide about health, where there is one."""
        if settings.DATABASES:
            health.register("database", health.database)
