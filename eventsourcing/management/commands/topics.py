"""`./manage.py users topics`: make the topics that the service owns."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from kafka.errors import KafkaError

from eventsourcing import topics


class Command(BaseCommand):
    """Makes topics, and keeps their settings; nothing else does."""

    help = "Make the Kafka topics that this service owns, and bring the settings that promises rest on up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say of each topic whether it was made or was there."""
        owned = topics.owned()
        try:
            made = topics.ensure(owned) if owned else []
        except KafkaError as error:
            raise CommandError(f"Kafka does not answer: {error}") from error
        for topic in owned:
            self.stdout.write(f"{topic.name}: {'made' if topic.name in made else 'already there'}")
