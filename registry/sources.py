"""Where answers come from: the database, or what this replica last read there."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import connection
from django.db.models import Max, QuerySet
from django.db.models.functions import Now

from registry.commands import DELTA_KEPT
from registry.models import Change, Lease, Pulse
from registry.preservation import Attendance, attendance, gone

LATEST = 10


def live() -> QuerySet[Lease]:
    """Leases that are given out, by app and instance."""
    return Lease.objects.exclude(gone()).order_by("app", "instance_id")


class Source(Protocol):
    """What queries need to know."""

    def now(self) -> datetime:
        """By the database's clock."""

    def version(self) -> int:
        """A number that every change raises."""

    def leases(self, app: str | None = None, instance_id: str | None = None) -> Sequence[Lease]:
        """Leases that are given out: all, an app's, or an instance's, by app and instance."""

    def changes(self) -> Sequence[Change]:
        """The last change of each instance within the last minutes, by app and instance."""

    def latest(self) -> Sequence[Change]:
        """The last few changes, the newest first."""

    def attendance(self) -> Attendance:
        """How many instances should renew, and do."""


class Database:
    """The leases themselves."""

    def now(self) -> datetime:
        """By the database's clock."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            (found,) = cursor.fetchone()
        moment: datetime = found
        return moment

    def version(self) -> int:
        """The number of the newest change."""
        newest = Change.objects.aggregate(newest=Max("id"))["newest"]
        return int(newest or 0)

    def leases(self, app: str | None = None, instance_id: str | None = None) -> Sequence[Lease]:
        """By one statement."""
        named = {"app": app, "instance_id": instance_id}
        wanted = {name: value for name, value in named.items() if value is not None}
        return list(live().filter(**wanted))

    def changes(self) -> Sequence[Change]:
        """By one statement."""
        found = Change.objects.filter(at__gte=Now() - DELTA_KEPT).order_by("app", "instance_id", "-id")
        return list(found.distinct("app", "instance_id"))

    def latest(self) -> Sequence[Change]:
        """Older ones too, where nothing has happened since."""
        return list(Change.objects.order_by("-id")[:LATEST])

    def attendance(self) -> Attendance:
        """As the pulse sees it."""
        return attendance(self.now(), Pulse.objects.values_list("preserving_since", flat=True).first())


DATABASE = Database()


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the database said once: at `moment` by its clock, `read_at` by ours (monotonic)."""

    moment: datetime
    read_at: float
    number: int
    all_leases: Sequence[Lease]
    all_changes: Sequence[Change]
    newest: Sequence[Change]
    present: Attendance

    @classmethod
    def read(cls) -> "Known":
        """Read everything. The version first: what comes in between is then told once more, instead of never."""
        return cls(
            number=DATABASE.version(),
            moment=DATABASE.now(),
            read_at=time.monotonic(),
            all_leases=DATABASE.leases(),
            all_changes=DATABASE.changes(),
            newest=DATABASE.latest(),
            present=DATABASE.attendance(),
        )

    @property
    def age(self) -> float:
        """Seconds since it was read."""
        return time.monotonic() - self.read_at

    def now(self) -> datetime:
        """What the database's clock says by now."""
        return self.moment + timedelta(seconds=self.age)

    def version(self) -> int:
        """As it was."""
        return self.number

    def leases(self, app: str | None = None, instance_id: str | None = None) -> Sequence[Lease]:
        """As they were, also those that would have run out since: nobody could renew them here."""
        return [
            lease
            for lease in self.all_leases
            if app in (None, lease.app) and instance_id in (None, lease.instance_id)
        ]

    def changes(self) -> Sequence[Change]:
        """As they were."""
        return self.all_changes

    def latest(self) -> Sequence[Change]:
        """As they were."""
        return self.newest

    def attendance(self) -> Attendance:
        """As it was."""
        return self.present
