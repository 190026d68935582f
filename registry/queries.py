"""What the registry answers: leases that have not run out, or are preserved."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from registry import instance
from registry.models import Lease
from registry.sources import DATABASE, Source


def find(app: str, instance_id: str, source: Source = DATABASE) -> dict[str, Any] | None:
    """One instance of an app, or None."""
    return _instance(source.leases(app=app, instance_id=instance_id))


def find_by_id(instance_id: str, source: Source = DATABASE) -> dict[str, Any] | None:
    """One instance, whatever its app, or None."""
    return _instance(source.leases(instance_id=instance_id))


def _instance(leases: Iterable[Lease]) -> dict[str, Any] | None:
    lease = next(iter(leases), None)
    return {"instance": instance.show(lease)} if lease else None


def application(app: str, source: Source = DATABASE) -> dict[str, Any] | None:
    """One app with its instances, or None."""
    shown = [instance.show(lease) for lease in source.leases(app=app)]
    return {"application": {"name": app, "instance": shown}} if shown else None


def applications(source: Source = DATABASE) -> dict[str, Any]:
    """Everything."""
    # The version first: what comes in between is then told once more by the next delta, instead of never.
    return _all_of(source.version(), source.leases())


def by_address(address: str, *, secure: bool = False, source: Source = DATABASE) -> dict[str, Any] | None:
    """The instances with a virtual address, plain or secure, among theirs; None without any."""
    number = source.version()
    found = [lease for lease in source.leases() if address in (lease.secure_vip if secure else lease.vip).split(",")]
    return _all_of(number, found) if found else None


def delta(source: Source = DATABASE) -> dict[str, Any]:
    """The last change of each instance within the last minutes. The hash code is that of all there is, so that a
    client sees whether it has missed something."""
    number = source.version()
    entries = [(change.app, change.instance) for change in source.changes()]
    return _document(number, entries, [lease.status for lease in source.leases()])


def version() -> int:
    """A number that every change raises."""
    return DATABASE.version()


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
