"""`./manage.py friends deadletters list|retry|discard`: what could not be handled, and what waits behind it."""

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventsourcing import deadletters
from eventsourcing.models import DeadLetter


class Command(BaseCommand):
    """Looks at dead letters, retries or discards them."""

    help = "List dead letters, handle them again, or give them up with a reason."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, with which."""
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="the open ones, in order")
        again = actions.add_parser("retry", help="handle again: a key's letters in order, up to the first that fails")
        again.add_argument("--consumer", help="of this consumer only")
        again.add_argument("--key", help="of this key only, such as 42 or 3-4")
        give_up = actions.add_parser("discard", help="give up: as if they had not come")
        give_up.add_argument("ids", nargs="+", type=int, metavar="ID", help="as `list` shows them")
        give_up.add_argument("--reason", required=True, help="why; it stays on record")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say what became of it."""
        getattr(self, f"_{options['action']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        for letter in DeadLetter.objects.filter(state__in=deadletters.OPEN).order_by("id"):
            place = f"{letter.topic}/{letter.partition}@{letter.offset}"
            since = f"{letter.created_at:%Y-%m-%d %H:%M:%S}"
            who = f"{letter.pk}  {letter.state:<7} {letter.consumer}  key {letter.key}"
            self.stdout.write(f"{who}  {place}  {since}  {letter.error}")

    def _retry(self, options: dict[str, Any]) -> None:
        chosen = DeadLetter.objects.filter(state__in=deadletters.OPEN)
        if options["consumer"]:
            chosen = chosen.filter(consumer=options["consumer"])
        if options["key"]:
            chosen = chosen.filter(key=options["key"])
        failed = 0
        for consumer, key in sorted(set(chosen.values_list("consumer", "key"))):
            outcome = deadletters.retry(consumer, key, by=getpass.getuser())
            failed += bool(outcome.error)
            self.stdout.write(f"{consumer}, key {key}: {outcome.handled} handled{_why(outcome.error)}")
        if failed:
            raise CommandError(f"{failed} keys stay parked.", returncode=1)

    def _discard(self, options: dict[str, Any]) -> None:
        letters = list(DeadLetter.objects.filter(pk__in=options["ids"]))
        number = deadletters.discard(letters, by=getpass.getuser(), reason=options["reason"])
        self.stdout.write(f"{number} discarded.")


def _why(error: str) -> str:
    return f", then: {error}" if error else ""
