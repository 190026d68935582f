"""The Django app of the friends service."""

from django.apps import AppConfig


class FriendsConfig(AppConfig):
    """Makes the service's events, its topic, its state and what it consumes known to the event core."""

    name = "friends"

    def ready(self) -> None:
        """Register them."""
        from eventsourcing import consumer, measures, schema_registry, state, topic_check, topics
        from friends import directory, directory_check, events, proof
        from friends.metrics import FRIENDSHIPS
        from friends.state import STATE

        schema_registry.register(*events.PUBLISHED, *events.READ)
        topics.register(events.TOPIC)
        state.register(STATE)
        consumer.register(directory.SUBSCRIPTION)
        proof.register()
        measures.count(FRIENDSHIPS)
        topic_check.register(directory_check.verify)
