"""`./manage.py users verify`: is the state what the events say?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventsourcing import rebuild, runs, state
from eventsourcing.management.progress import Progress


class Command(BaseCommand):
    """Compares state and events; changes nothing unless told to."""

    help = "Compare each row of the state with the fold of its events; exit code 1 where they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        """Healing must be asked for."""
        parser.add_argument("--repair", action="store_true", help="heal the rows that differ, and only those")

    def handle(self, *args: Any, **options: Any) -> None:
        """Name every difference; repair them where told to."""
        with runs.recorded("verify") as run:
            found = self._compare(repair=options["repair"])
            run.differences = 0 if options["repair"] else found
        if found and not options["repair"]:
            raise CommandError(f"{found} differ; --repair heals them.", returncode=1)
        self.stdout.write(f"{found} healed." if found else "State and events agree.")

    def _compare(self, *, repair: bool) -> int:
        found = 0
        for table in state.all_tables():
            progress = Progress(f"{table.category} streams compared")
            differences = list(rebuild.verify(table, progress))
            progress.end()
            for difference in differences:
                self.stdout.write(str(difference))
            if repair:
                rebuild.repair(table, differences)
            found += len(differences)
        return found
