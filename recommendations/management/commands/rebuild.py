"""`./manage.py recommendations rebuild`: the graph anew from the log."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventsourcing import runs
from eventsourcing.management.progress import Progress
from recommendations import graph, log, rebuild


class Command(BaseCommand):
    """Makes the graph what the log says, whatever it is now; it is read and written meanwhile."""

    help = "Make the graph anew from the event log while it is in use. Safe to stop: run it again and it goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        """How fast, and whether from the beginning."""
        parser.add_argument(
            "--rate", type=float, default=0, metavar="N", help="at most N streams a second, to leave room for others"
        )
        parser.add_argument("--fresh", action="store_true", help="begin again instead of going on with a stopped one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild, with progress."""
        try:
            run = rebuild.begin(fresh=options["fresh"])
            if run.begun:
                self.stdout.write(
                    f"Going on with a rebuild that was stopped, in phase {run.phase} behind {run.after}."
                )
            progress = Progress("streams", total=log.count_streams(after=run.after) if run.phase == "log" else None)
            with runs.recorded("rebuild"):
                rebuild.rebuild(run, rate=options["rate"], progress=progress)
            progress.end()
        except rebuild.Replaced as error:
            raise CommandError("The graph was replaced, or another rebuild ended; run it again.") from error
        except graph.Unavailable as error:
            raise CommandError(f"The graph does not answer; run it again and it goes on. {error}") from error
        self.stdout.write("The graph is what the log says.")
