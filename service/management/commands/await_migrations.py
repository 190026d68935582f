"""`./manage.py users await_migrations`: wait until the database has the tables that this version needs."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

EVERY_SECONDS = 1.0


class Command(BaseCommand):
    """Waits; another process migrates."""

    help = "Wait until the database answers and has all migrations of this version."

    def add_arguments(self, parser: CommandParser) -> None:
        """How long."""
        parser.add_argument("--seconds", type=float, default=600.0, help="at most so long (600)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ends with exit code 1 where they do not come in time."""
        deadline = time.monotonic() + options["seconds"]
        while missing := self._missing():
            if time.monotonic() >= deadline:
                self.stderr.write(missing)
                raise SystemExit(1)
            time.sleep(EVERY_SECONDS)

    def _missing(self) -> str:
        """What is still missing, in a sentence; "" for nothing."""
        try:
            executor = MigrationExecutor(connection)
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except OperationalError as error:
            # Django would keep the broken connection.
            connection.close()
            return f"The database does not answer: {error}"
        return f"{len(plan)} migrations are missing, the first is {plan[0][0]}." if plan else ""
