"""`./manage.py users erased 42`: is user 42 gone from every store?"""

import json
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from eventsourcing import proof, runs, siblings

FOUND, NOT_EVERYWHERE = 1, 2


class Command(BaseCommand):
    """Looks into every store of the service, then has the other services do the same."""

    help = (
        "Prove that a deleted user is gone: look into every store, a line each. Exit code 0: everywhere, and nothing "
        "was there; 1: something was; 2: nothing was, but not every store could be looked into."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, and how far."""
        parser.add_argument("id", type=int, metavar="ID", help="the user's id")
        parser.add_argument("--alone", action="store_true", help="only the stores of this service")
        parser.add_argument(
            "--run",
            type=Path,
            default=siblings.RUN,
            metavar="FOLDER",
            help="where the other services' environments stand, as SERVICE.env.json; by default the desktop run's",
        )
        parser.add_argument(
            "--repair",
            action="store_true",
            help="where something was found: send the deletion to Kafka again, as the last message of its key",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, say it, and end with what it comes to."""
        code = self._own(options["id"], repair=options["repair"])
        others = () if options["alone"] else getattr(settings, "ERASED_ELSEWHERE", ())
        codes = {code, *(self._other(service, options["id"], options["run"]) for service in others)}
        if FOUND in codes:
            raise CommandError(f"User {options['id']} is not gone: see above.", returncode=FOUND)
        if codes != {0}:
            raise CommandError("Not every store was looked into: see above.", returncode=NOT_EVERYWHERE)
        self.stdout.write(f"Nothing is left of user {options['id']}.")

    def _own(self, user_id: int, *, repair: bool) -> int:
        code = 0
        try:
            with runs.recorded("erased") as run:
                for finding in proof.look(user_id):
                    self.stdout.write(f"{settings.SERVICE}  {finding}")
                    code = FOUND if finding.found else code or (NOT_EVERYWHERE if finding.failed else 0)
                    run.differences += bool(finding.found)
        except DatabaseError as error:
            self.stdout.write(f"{settings.SERVICE}  the database does not answer ({type(error).__name__})")
            return code or NOT_EVERYWHERE
        if repair and code == FOUND:
            for said in proof.repair(user_id):
                self.stdout.write(f"{settings.SERVICE}  {said}")
        return code

    def _other(self, service: str, user_id: int, run: Path) -> int:
        """What another service's own command comes to; anything but its three codes is not having looked."""
        self.stdout.flush()
        try:
            surroundings = siblings.environment(service, run)
            if surroundings is not None:
                code = siblings.run(service, ["erased", str(user_id), "--alone"], surroundings)
                return code if code in (0, FOUND) else NOT_EVERYWHERE
        except (OSError, json.JSONDecodeError, subprocess.SubprocessError) as error:
            self.stdout.write(f"{service}  {error}")
        self.stdout.write(
            f"{service}  NOT LOOKED INTO: its environment is not in {run}. "
            f"Where it runs: ./manage.py {service} erased {user_id}"
        )
        return NOT_EVERYWHERE
