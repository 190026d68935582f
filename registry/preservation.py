"""Self-preservation: leases that run out in numbers are rather the network's fault than the instances'.

Where less than 85% of the instances that should renew do, nobody is evicted, and who ran out is given out again, for
a quarter of an hour at most. Netflix's server compares the renewals of a minute with a number that it does not count
anew when it evicts, so that it may stay in this state until people step in; here both sides are counted from the
leases with every pulse.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db.models import (
    Case,
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Now

from registry.models import Change, Lease, Pulse

logger = logging.getLogger(__name__)
# Netflix's `renewalPercentThreshold`.
SHARE = 0.85
# Of fewer, one or two that die are a large share.
FEWEST = 10
# Deaths within it are one event: the leases of one length need less to run out after one cause.
TOGETHER = timedelta(minutes=1)
# Who is silent for longer does not come back by itself.
LONGEST = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attendance:
    """How many instances should renew, and how many do; since when nobody is evicted for that, None where it is not
    so."""

    expected: int
    alive: int
    preserving_since: datetime | None = None

    @property
    def threshold(self) -> int:
        """How many must be alive for those that are not to be evicted."""
        return ceil(self.expected * SHARE)

    @property
    def too_few(self) -> bool:
        """Whether so many are missing that it is not believed of them."""
        return self.expected >= FEWEST and self.alive < self.threshold


def run_out(by: timedelta = timedelta(0)) -> Q:
    """The condition of a lease that ran out, by so much. Self-preservation is not looked at."""
    return _ended_before(F("at") - by)


def gone() -> Q:
    """The condition of a lease that is not given out any more, and is evicted: it ran out, and nothing preserves it.
    The one place that decides it."""
    return _ended_before(Case(When(preserving_since=None, then=F("at")), default=F("at") - LONGEST))


def _ended_before(moment: Combinable) -> Q:
    """By the pulse, not the clock: what is given out then changes only with it, and each pulse has counted first."""
    length = ExpressionWrapper(F("lease_seconds") * timedelta(seconds=1), output_field=DurationField())
    judged = ExpressionWrapper(moment, output_field=DateTimeField())
    time = Coalesce(Subquery(Pulse.objects.annotate(judged=judged).values("judged")[:1]), Now())
    return Q(renewed_at__lt=time - length)


def just_ran_out(lease: Lease, now: datetime) -> bool:
    """Whether a lease that ran out is one of those of late, not one that was preserved to the end."""
    return now - lease.renewed_at <= timedelta(seconds=lease.lease_seconds) + LONGEST


def attendance(now: datetime, preserving_since: datetime | None = None) -> Attendance:
    """As the pulse judges the leases. Whose silence is longer than can be preserved is not expected any more; who was
    evicted lately still is, or deaths that come one after the other would never be many."""
    leases = Lease.objects.aggregate(
        alive=Count("id", filter=~run_out()), silent=Count("id", filter=run_out() & ~run_out(LONGEST))
    )
    back = Lease.objects.filter(app=OuterRef("app"), instance_id=OuterRef("instance_id"))
    evicted = Change.objects.filter(~Exists(back), evicted=True, at__gt=now - TOGETHER)
    missing = leases["silent"] + evicted.values("app", "instance_id").distinct().count()
    alive = leases["alive"]
    return Attendance(expected=alive + missing, alive=alive, preserving_since=preserving_since)


def look(pulse: Pulse, now: datetime) -> None:
    """Begin or end self-preservation; the pulse has been saved with its new time, and is saved again where needed."""
    found = attendance(now)
    preserving = settings.REGISTRY_SELF_PRESERVATION and found.too_few
    if preserving == (pulse.preserving_since is not None):
        return
    pulse.preserving_since = now if preserving else None
    pulse.save(update_fields=["preserving_since"])
    logger.warning(
        "%s: %d of %d instances renew their leases, at least %d should",
        "Nobody is evicted" if preserving else "Evicting again",
        found.alive,
        found.expected,
        found.threshold,
    )
