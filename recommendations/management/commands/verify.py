"""`./manage.py recommendations verify`: is the graph what the log says?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventsourcing import deadletters, runs
from eventsourcing.management.progress import Progress
from recommendations import graph, verify
from recommendations.log import PROJECTOR


class Command(BaseCommand):
    """Compares graph and log; changes nothing unless told to."""

    help = "Compare the graph with what the event log says; exit code 1 where they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        """Healing must be asked for."""
        parser.add_argument("--repair", action="store_true", help="heal what differs, and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Name every difference; repair them where told to."""
        try:
            with runs.recorded("verify") as run:
                found = self._compare(options["repair"])
                run.differences = 0 if options["repair"] else found
            behind = verify.behind()
        except graph.Unavailable as error:
            raise CommandError(f"The graph does not answer: {error}") from error
        parked = len({letter.key for letter in deadletters.open_letters(PROJECTOR)})
        if behind:
            self.stdout.write(f"The projector has {behind} events of the log before it; compared up to where it is.")
        if parked:
            self.stdout.write(f"{parked} parked keys were left out.")
        if found and not options["repair"]:
            raise CommandError(f"{found} differ; --repair heals them.", returncode=1)
        self.stdout.write(f"{found} healed." if found else "Graph and log agree.")

    def _compare(self, repair: bool) -> int:
        progress, found = Progress("streams and users compared"), 0
        for difference in verify.verify(repair=repair, progress=progress):
            self.stdout.write(str(difference))
            found += 1
        progress.end()
        return found
