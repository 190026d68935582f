"""The Django app of the users service."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """Makes the service's events, its topic and its state known to the event core."""

    name = "users"

    def ready(self) -> None:
        """Register them."""
        from eventsourcing import measures, schema_registry, state, topics
        from users import events, proof
        from users.metrics import USERS
        from users.state import STATE

        schema_registry.register(*events.PUBLISHED)
        topics.register(events.TOPIC)
        state.register(STATE)
        proof.register()
        measures.count(USERS)
