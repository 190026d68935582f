"""`./manage.py users verify`: is everything there that belongs to the events, and is the state what they say?"""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from kafka.errors import KafkaError

from eventsourcing import integrity, rebuild, runs, state, topic_check
from eventsourcing.integrity import Finding
from eventsourcing.management.progress import Progress


class Command(BaseCommand):
    """Compares events, what stands beside them, state and topics; changes nothing unless told to."""

    help = "Compare what stands beside the events, and state with the fold of events; exit code 1 where they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        """Healing must be asked for, and so must reading whole topics."""
        parser.add_argument("--repair", action="store_true", help="heal what differs, and only that")
        parser.add_argument("--topics", action="store_true", help="also read whole topics from Kafka")

    def handle(self, *args: Any, **options: Any) -> None:
        """Name every difference; repair what can be repaired where told to."""
        self._found, self._beyond, self._repair = 0, 0, options["repair"]
        with runs.recorded("verify") as run:
            if options["topics"]:
                self._topics()
            self._tell(integrity.verify())
            self._states()
            run.differences = self._beyond if self._repair else self._found
        if self._found and not self._repair:
            raise CommandError(f"{self._found} differ; --repair heals them.", returncode=1)
        if self._beyond:
            raise CommandError(f"{self._beyond} cannot be healed here; each says what to do.", returncode=1)
        self.stdout.write(f"{self._found} healed." if self._found else "State and events agree.")

    def _topics(self) -> None:
        try:
            self._tell(list(topic_check.verify()))
        except KafkaError as error:
            raise CommandError(f"Kafka does not answer: {error}") from error

    def _tell(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.stdout.write(str(finding))
            self._found += 1
            if finding.heal is None:
                self._beyond += 1
            elif self._repair:
                finding.heal()

    def _states(self) -> None:
        # What has lost its names says nothing about them: a repair would take them from the state, too.
        leave_out = frozenset(row["stream"] for row in integrity.without_personal())
        for table in state.all_tables():
            progress = Progress(f"{table.category} streams compared")
            differences = list(rebuild.verify(table, progress, leave_out=leave_out))
            progress.end()
            for difference in differences:
                self.stdout.write(str(difference))
            if self._repair:
                rebuild.repair(table, differences)
            self._found += len(differences)
