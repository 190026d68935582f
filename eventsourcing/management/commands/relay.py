"""`./manage.py users relay`: publish the outbox to Kafka until stopped."""

from typing import Any

from django.core.management.base import BaseCommand

from eventsourcing import report
from eventsourcing.relay import Relay
from service.runner import Heartbeat, Stopper


class Command(BaseCommand):
    """Runs one relay; start several for standbys and for more throughput."""

    help = "Publish the outbox to Kafka until stopped. Several may run at a time."

    def handle(self, *args: Any, **options: Any) -> None:
        """Relay until SIGTERM or SIGINT."""
        heartbeat = Heartbeat("relay")
        relay = Relay(stopper=Stopper().install(), heartbeat=heartbeat)
        with report.serving(relay.reports):
            relay.run()
        heartbeat.end()
