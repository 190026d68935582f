"""`./manage.py recommendations graph_schema`: the graph's constraints."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommendations import graph, graph_models


class Command(BaseCommand):
    """Makes constraints before anything is written: a MERGE without one makes doubles."""

    help = "Make the graph's constraints where they are missing. The projector does it too when it starts."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them."""
        try:
            graph_models.install()
        except graph.Unavailable as error:
            raise CommandError(f"The graph does not answer: {error}") from error
        if options["verbosity"]:
            self.stdout.write(f"{len(graph_models.constraints())} constraints are there.")
