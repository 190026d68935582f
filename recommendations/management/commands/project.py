"""`./manage.py recommendations project`: make the graph from the log until stopped."""

from typing import Any

from django.core.management.base import BaseCommand

from eventsourcing import report
from recommendations import measures
from recommendations.projector import Projector
from service.runner import Heartbeat, Stopper


class Command(BaseCommand):
    """Runs one projector; start another one as a standby."""

    help = "Make the graph from the event log until stopped. Several may run: one is active, the others stand by."

    def handle(self, *args: Any, **options: Any) -> None:
        """Project until SIGTERM or SIGINT."""
        heartbeat = Heartbeat("project")
        projector = Projector(stopper=Stopper().install(), heartbeat=heartbeat)
        report.register(measures.Progress(lambda: projector.reached))
        with report.serving(lambda: projector.leads):
            projector.run()
        heartbeat.end()
