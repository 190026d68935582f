"""`./manage.py recommendations rebuild`: the graph anew from the log, and a lost log anew from Kafka."""

from typing import Any

import psycopg2
from django.core.management.base import BaseCommand, CommandError, CommandParser
from kafka.errors import KafkaError

from eventsourcing import consumer, runs
from eventsourcing.management.progress import Progress
from recommendations import graph, log, rebuild, refill


class Command(BaseCommand):
    """Makes the graph what the log says, whatever it is now; it is read and written meanwhile."""

    help = "Make the graph anew from the event log while it is in use. Safe to stop: run it again and it goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        """How fast, and whether from the beginning."""
        parser.add_argument(
            "--rate", type=float, default=0, metavar="N", help="at most N streams a second, to leave room for others"
        )
        parser.add_argument(
            "--from",
            dest="source",
            choices=["log", "kafka"],
            default="log",
            metavar="SOURCE",
            help="log, or kafka where the log itself is lost: fill it from there first, at most N events a second",
        )
        parser.add_argument("--fresh", action="store_true", help="begin again instead of going on with a stopped one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild, with progress."""
        try:
            if options["source"] == "kafka":
                self._refill(options["rate"])
            run = rebuild.begin(fresh=options["fresh"])
            if run.begun:
                self.stdout.write(
                    f"Going on with a rebuild that was stopped, in phase {run.phase} behind {run.after}."
                )
            progress = Progress("streams", total=log.count_streams(after=run.after) if run.phase == "log" else None)
            with runs.recorded("rebuild"):
                rebuild.rebuild(run, rate=options["rate"], progress=progress)
            progress.end()
            if options["source"] == "kafka":
                refill.end()
        except rebuild.Replaced as error:
            raise CommandError("The graph was replaced, or another rebuild ended; run it again.") from error
        except graph.Unavailable as error:
            raise CommandError(f"The graph does not answer; run it again and it goes on. {error}") from error
        self.stdout.write("The graph is what the log says.")

    def _refill(self, rate: float) -> None:
        if refill.begun():
            self.stdout.write("Going on with a refill of the log that was stopped.")
        else:
            # One of a log that is gone must not be gone on with.
            rebuild.cancel()
        progress = Progress("events read from Kafka")
        try:
            refill.refill(rate=rate, progress=progress)
        except (refill.Unready, KafkaError, psycopg2.Error, *consumer.TRANSIENT) as error:
            raise CommandError(f"The log is not full yet; run it again and it goes on. {error}") from error
        progress.end()
        self.stdout.write("The log has what Kafka has.")
