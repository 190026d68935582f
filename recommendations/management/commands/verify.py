"""`./manage.py recommendations verify`: is the log of one piece, and is the graph what it says?"""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from kafka.errors import KafkaError

from eventsourcing import deadletters, runs
from eventsourcing.integrity import Finding
from eventsourcing.management.progress import Progress
from recommendations import checkpoint_check, graph, log_check, verify
from recommendations.log import PROJECTOR


class Command(BaseCommand):
    """Compares Kafka, log and graph; changes nothing unless told to."""

    help = "Compare the graph with the event log, and look at the log itself; exit code 1 where they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        """Healing must be asked for, and so must reading whole topics."""
        parser.add_argument("--repair", action="store_true", help="heal what differs, and nothing else")
        parser.add_argument("--topics", action="store_true", help="also read whole topics from Kafka")

    def handle(self, *args: Any, **options: Any) -> None:
        """Name every difference; repair them where told to."""
        self._found, self._beyond, self._repair = 0, 0, options["repair"]
        try:
            with runs.recorded("verify") as run:
                if options["topics"]:
                    self._tell(list(log_check.verify_topics()))
                self._tell(log_check.verify())
                self._tell(checkpoint_check.verify())
                self._compare()
                run.differences = self._beyond if self._repair else self._found
            behind = verify.behind()
        except KafkaError as error:
            raise CommandError(f"Kafka does not answer: {error}") from error
        except graph.Unavailable as error:
            raise CommandError(f"The graph does not answer: {error}") from error
        self._conclude(behind)

    def _conclude(self, behind: int) -> None:
        parked = len({letter.key for letter in deadletters.open_letters(PROJECTOR)})
        if behind:
            self.stdout.write(f"The projector has {behind} events of the log before it; compared up to where it is.")
        if parked:
            self.stdout.write(f"{parked} parked keys were left out.")
        if self._found and not self._repair:
            raise CommandError(f"{self._found} differ; --repair heals them.", returncode=1)
        if self._beyond:
            raise CommandError(f"{self._beyond} cannot be healed here; each says what to do.", returncode=1)
        self.stdout.write(f"{self._found} healed." if self._found else "Graph and log agree.")

    def _tell(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.stdout.write(str(finding))
            self._found += 1
            if finding.heal is None:
                self._beyond += 1
            elif self._repair:
                finding.heal()

    def _compare(self) -> None:
        progress = Progress("streams and users compared")
        for difference in verify.verify(repair=self._repair, progress=progress):
            self.stdout.write(str(difference))
            self._found += 1
        progress.end()
