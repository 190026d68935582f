"""`./manage.py recommendations replay`: apply entries of the log to the graph again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventsourcing.management.commands.replay import moment
from eventsourcing.management.progress import Progress
from recommendations import graph, log
from recommendations.log import Selection
from recommendations.replay import replay


class Command(BaseCommand):
    """Applies again; changes nothing where the graph has it already."""

    help = "Apply entries of the event log to the graph again. What is there in the same or a later version stays."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to replay; everything by default."""
        parser.add_argument("--from-position", type=int, default=1, metavar="N", help="from this position on")
        parser.add_argument("--topic", help="only this topic: positions count within its partitions")
        parser.add_argument("--partition", type=int, metavar="P", help="only this partition")
        parser.add_argument("--since", type=moment, metavar="TIME", help="not older than this (ISO 8601)")
        parser.add_argument("--stream", metavar="NAME", help="only this stream, such as friendship-3-4")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay, with progress."""
        names = ("from_position", "topic", "partition", "since", "stream")
        selection = Selection(**{name: options[name] for name in names})
        total = log.count(selection)
        if options["dry_run"]:
            self.stdout.write(f"{total} events would be applied again.")
            return
        progress = Progress("events applied again", total=total)
        try:
            left_out = replay(selection, progress)
        except graph.Unavailable as error:
            raise CommandError(f"The graph does not answer; run it again, repeats harm nobody. {error}") from error
        progress.end()
        if left_out:
            self.stdout.write(f"{left_out} were left out: they are poison, or wait behind poison.")
