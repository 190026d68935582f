"""`./manage.py users rebuild`: the state tables anew from the events."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventsourcing import integrity, rebuild, runs, state
from eventsourcing.management.progress import Progress


class Command(BaseCommand):
    """State is a fold of the events: this does the fold again."""

    help = "Make the state tables anew from the events. Commands and reads may go on meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild each state table of the service."""
        if incomplete := integrity.without_personal():
            raise CommandError(
                f"{len(incomplete)} events have lost their personal members; the state has what they lack. "
                "See `verify`, which says what to do."
            )
        with runs.recorded("rebuild"):
            for table in state.all_tables():
                progress = Progress(f"{table.category} streams")
                rebuild.rebuild(table, progress)
                progress.end()
