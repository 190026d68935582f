"""The Django app of the users service."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """Makes the service's events and its state known to the event core."""

    name = "users"

    def ready(self) -> None:
        """Register events and state."""
        from eventsourcing import schema_registry, state
        from users import events
        from users.state import STATE

        schema_registry.register(*events.PUBLISHED)
        state.register(STATE)
