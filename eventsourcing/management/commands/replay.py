"""`./manage.py users replay`: publish events to Kafka again."""

import argparse
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventsourcing import replay
from eventsourcing.management.progress import Progress
from eventsourcing.publisher import Publisher


def moment(text: str) -> datetime:
    """ISO 8601, UTC where no offset is given. Raises argparse's error."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(BaseCommand):
    """Publishes again; changes nothing in the store."""

    help = "Publish events again, in the order in which they were first published. Consumers drop what they have."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to replay; everything by default."""
        parser.add_argument("--from-position", type=int, default=1, metavar="N", help="the first sequence to publish")
        parser.add_argument("--since", type=moment, metavar="TIME", help="not older than this (ISO 8601)")
        parser.add_argument("--stream", metavar="NAME", help="only this stream, such as user-42")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay, with progress."""
        selection = replay.Selection(
            after=options["from_position"] - 1, since=options["since"], stream=options["stream"]
        )
        total = replay.count(selection)
        if options["dry_run"]:
            self.stdout.write(f"{total} events would be published again.")
            return
        progress, publisher = Progress("events published again", total=total), Publisher()
        try:
            for events in replay.batches(selection):
                done = publisher.publish(events, waiting=lambda: None)
                progress(len(done))
                if len(done) < len(events):
                    raise CommandError("Kafka did not take all of them; run it again, repeats harm nobody.")
        finally:
            publisher.close()
            progress.end()
