"""What the registry answers: leases that have not run out."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet

from registry import instance
from registry.commands import DELTA_KEPT
from registry.models import Change, Lease
from service import clock


def live() -> QuerySet[Lease]:
    """Leases that have not run out, by app and instance."""
    length = ExpressionWrapper(F("lease_seconds") * timedelta(seconds=1), output_field=DurationField())
    return Lease.objects.filter(renewed_at__gte=clock.now() - length).order_by("app", "instance_id")


def find(app: str, instance_id: str) -> Lease | None:
    """One lease, or None."""
    return live().filter(app=app, instance_id=instance_id).first()


def hash_code(statuses: Iterable[str]) -> str:
    """Eureka's `apps__hashcode`: each status with its number, in order: `DOWN_1_UP_4_`."""
    return "".join(f"{status}_{number}_" for status, number in sorted(Counter(statuses).items()))


def applications(leases: Iterable[Lease]) -> dict[str, Any]:
    """Leases, already in the order of their apps, as `GET /eureka/apps` shows them."""
    found = list(leases)
    return _document(
        [(lease.app, instance.show(lease)) for lease in found], (instance.effective_status(lease) for lease in found)
    )


def delta() -> dict[str, Any]:
    """What changed within the last minutes; the hash code is that of all there is, so that a client sees whether it
    has missed something."""
    changes = Change.objects.filter(at__gte=clock.now() - DELTA_KEPT).order_by("app", "id")
    statuses = (instance.effective_status(lease) for lease in live())
    return _document([(change.app, change.instance) for change in changes], statuses)


def _document(entries: list[tuple[str, dict[str, Any]]], statuses: Iterable[str]) -> dict[str, Any]:
    by_app = groupby(entries, key=lambda entry: entry[0])
    return {
        "applications": {
            "versions__delta": "1",
            "apps__hashcode": hash_code(statuses),
            "application": [{"name": app, "instance": [shown for _, shown in group]} for app, group in by_app],
        }
    }


def application(app: str) -> dict[str, Any] | None:
    """One app with its instances, or None."""
    shown = [instance.show(lease) for lease in live().filter(app=app)]
    return {"application": {"name": app, "instance": shown}} if shown else None
