"""The Django app that every service installs."""

from django.apps import AppConfig
from django.conf import settings

from service import details, health


class ServiceConfig(AppConfig):
    """Registers what every service with a database needs to be up."""

    name = "service"

    def ready(self) -> None:
        """Have the database decide about health, where there is one."""
        if _has_database():
            health.register("database", health.database)
            health.register_detail("pendingMigrations", details.migrations)
            health.register_detail("heartbeatAgeSeconds", details.heartbeats)


def _has_database() -> bool:
    """Whether settings name one; where they do not, Django puts a dummy there at its first look at it."""
    engine = settings.DATABASES.get("default", {}).get("ENGINE", "")
    return engine not in {"", "django.db.backends.dummy"}
