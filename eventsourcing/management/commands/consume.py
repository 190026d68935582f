"""`./manage.py friends consume`: take events off Kafka until stopped."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventsourcing import consumer
from service import exporter
from service.runner import Heartbeat, Stopper


class Command(BaseCommand):
    """Runs one consumer of this service."""

    help = "Take events off Kafka until stopped. Several may run at a time: Kafka shares the partitions among them."

    def add_arguments(self, parser: CommandParser) -> None:
        """The name may be left out where there is only one."""
        parser.add_argument("name", nargs="?", help="which consumer, where the service has several")

    def handle(self, *args: Any, **options: Any) -> None:
        """Consume until SIGTERM or SIGINT."""
        known = {one.name: one for one in consumer.all_subscriptions()}
        name = options["name"] or (next(iter(known)) if len(known) == 1 else None)
        if name not in known:
            raise CommandError(f"Which consumer? This service has: {', '.join(known) or 'none'}.")
        heartbeat = Heartbeat("consume")
        with exporter.serving():
            consumer.Consumer(known[name], stopper=Stopper().install(), heartbeat=heartbeat).run()
        heartbeat.end()
