"""What the registry answers: leases that have not run out."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.db.models import Max, QuerySet
from django.db.models.functions import Now

from registry import instance
from registry.commands import DELTA_KEPT
from registry.eviction import run_out
from registry.models import Change, Lease


def live() -> QuerySet[Lease]:
    """Leases that have not run out, by app and instance."""
    return Lease.objects.exclude(run_out()).order_by("app", "instance_id")


def find(app: str, instance_id: str) -> dict[str, Any] | None:
    """One instance of an app, or None."""
    return _instance(live().filter(app=app, instance_id=instance_id))


def find_by_id(instance_id: str) -> dict[str, Any] | None:
    """One instance, whatever its app, or None."""
    return _instance(live().filter(instance_id=instance_id))


def _instance(leases: QuerySet[Lease]) -> dict[str, Any] | None:
    lease = leases.first()
    return {"instance": instance.show(lease)} if lease else None


def application(app: str) -> dict[str, Any] | None:
    """One app with its instances, or None."""
    shown = [instance.show(lease) for lease in live().filter(app=app)]
    return {"application": {"name": app, "instance": shown}} if shown else None


def applications() -> dict[str, Any]:
    """Everything."""
    # The version first: what comes in between is then told once more by the next delta, instead of never.
    return _all_of(version(), live())


def by_address(address: str, *, secure: bool = False) -> dict[str, Any] | None:
    """The instances with a virtual address, plain or secure, among theirs; None without any."""
    number = version()
    found = [lease for lease in live() if address in (lease.secure_vip if secure else lease.vip).split(",")]
    return _all_of(number, found) if found else None


def delta() -> dict[str, Any]:
    """The last change of each instance within the last minutes. The hash code is that of all there is, so that a
    client sees whether it has missed something."""
    number = version()
    changes = (
        Change.objects.filter(at__gte=Now() - DELTA_KEPT)
        .order_by("app", "instance_id", "-id")
        .distinct("app", "instance_id")
    )
    entries = [(change.app, change.instance) for change in changes]
    return _document(number, entries, live().values_list("status", flat=True))


def version() -> int:
    """A number that every change raises."""
    newest = Change.objects.aggregate(newest=Max("id"))["newest"]
    return int(newest or 0)


def hash_code(statuses: Iterable[str]) -> str:
    """Eureka's `apps__hashcode`: each status with its number, in order: `DOWN_1_UP_4_`."""
    return "".join(f"{status}_{number}_" for status, number in sorted(Counter(statuses).items()))


def _all_of(number: int, leases: Iterable[Lease]) -> dict[str, Any]:
    found = list(leases)
    return _document(number, [(lease.app, instance.show(lease)) for lease in found], [one.status for one in found])


def _document(number: int, entries: list[tuple[str, dict[str, Any]]], statuses: Iterable[str]) -> dict[str, Any]:
    by_app = groupby(entries, key=lambda entry: entry[0])
    return {
        "applications": {
            "versions__delta": str(number),
            "apps__hashcode": hash_code(statuses),
            "application": [{"name": app, "instance": [shown for _, shown in group]} for app, group in by_app],
        }
    }
