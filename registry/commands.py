"""What can be asked of the registry. All but a renewal are rare, and happen one after the other: what clients read of
the changes is numbered in the order in which it can be seen. The time is the database's, which all replicas share."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from registry import instance, metrics
from registry.instance import UNKNOWN
from registry.models import Change, Lease
from registry.registration import Registration
from service import clock

DELTA_KEPT = timedelta(minutes=3)
# The lock's number: any that nobody else takes in this database.
BEGIN_CHANGE = "SELECT pg_advisory_xact_lock(8761), date_trunc('milliseconds', clock_timestamp())"
# An instance that says this of itself is believed, whatever an operator said before.
NOT_READY = frozenset({"DOWN", "STARTING", UNKNOWN})


def begin_change() -> datetime:
    """In a transaction: wait for any other change under way, in whichever replica; the database's time then."""
    with connection.cursor() as cursor:
        cursor.execute(BEGIN_CHANGE)
        (_, now) = cursor.fetchone()
    moment: datetime = now
    return moment


def _record(lease: Lease, action: str, now: datetime, *, evicted: bool = False) -> None:
    transaction.on_commit(metrics.CHANGES.labels(action).inc)
    lease.last_updated = clock.epoch_milliseconds(now)
    named = {"app": lease.app, "instance_id": lease.instance_id, "action": action, "evicted": evicted}
    Change.objects.create(**named, instance=instance.show(lease, action), at=now)
    # Only here, so that the newest stays, however old: its number is the version of the whole.
    Change.objects.filter(at__lt=now - DELTA_KEPT).delete()


def _save(lease: Lease, action: str, now: datetime) -> None:
    if lease.status == "UP" and lease.up_since is None:
        lease.up_since = now
    _record(lease, action, now)
    lease.save()


@transaction.atomic
def register(given: Registration) -> None:
    """Begin a lease, or begin it anew with what the instance now says. An operator's override stays, unless the
    instance says that it is not ready."""
    now = begin_change()
    named = {"app": given.app, "instance_id": given.instance_id}
    known = Lease.objects.select_for_update().filter(**named).first()
    lease = known or Lease(**named, overridden_status=given.overridden_status)
    last_dirty = given.last_dirty or clock.epoch_milliseconds(now)
    # What comes late and is older than what we have must not turn it back.
    if known is None or last_dirty >= known.last_dirty:
        lease.document, lease.last_dirty = given.document, last_dirty
        lease.vip, lease.secure_vip, lease.lease_seconds = given.vip, given.secure_vip, given.lease_seconds
        overridden = lease.overridden_status != UNKNOWN and given.status not in NOT_READY
        lease.status = lease.overridden_status if overridden else given.status
    lease.registered_at = lease.renewed_at = now
    _save(lease, "ADDED", now)


def renew(app: str, instance_id: str, last_dirty: int | None = None) -> bool:
    """Renew a lease that is there, also one that has just run out: one statement.

    False where there is none, or the instance has changed since it registered: then it must register again.
    """
    leases = Lease.objects.filter(app=app, instance_id=instance_id, last_dirty__gte=last_dirty or 0)
    renewed = bool(leases.update(renewed_at=Now()))
    metrics.RENEWALS.labels("renewed" if renewed else "unknown").inc()
    return renewed


@transaction.atomic
def cancel(app: str, instance_id: str) -> bool:
    """End a lease; False where there is none."""
    now = begin_change()
    lease = _locked(app, instance_id)
    if lease is None:
        return False
    end(lease, now)
    return True


def end(lease: Lease, now: datetime, *, evicted: bool = False) -> None:
    """Delete a lease that is locked, and tell those who read the changes."""
    _record(lease, "DELETED", now, evicted=evicted)
    lease.delete()


@transaction.atomic
def override_status(app: str, instance_id: str, status: str, last_dirty: int | None = None) -> bool:
    """Show another status than the instance says of itself; False where there is no such lease."""
    now = begin_change()
    lease = _locked(app, instance_id)
    if lease is None:
        return False
    lease.status = lease.overridden_status = status
    lease.last_dirty = max(lease.last_dirty, last_dirty or 0)
    _save(lease, "MODIFIED", now)
    return True


@transaction.atomic
def remove_override(app: str, instance_id: str, status: str | None, last_dirty: int | None = None) -> bool:
    """Take an override back: `status` is shown until the instance registers again, without it what it last said.
    False where there is no such lease."""
    now = begin_change()
    lease = _locked(app, instance_id)
    if lease is None:
        return False
    if lease.overridden_status != UNKNOWN:
        lease.overridden_status = UNKNOWN
        lease.status = status or lease.document["status"]
        lease.last_dirty = max(lease.last_dirty, last_dirty or 0)
        _save(lease, "MODIFIED", now)
    return True


@transaction.atomic
def add_metadata(app: str, instance_id: str, members: dict[str, str]) -> bool:
    """Set members of an instance's metadata, others stay; False where there is no such lease."""
    now = begin_change()
    lease = _locked(app, instance_id)
    if lease is None:
        return False
    metadata: dict[str, Any] = lease.document["metadata"] | members
    lease.document = lease.document | {"metadata": metadata}
    _save(lease, "MODIFIED", now)
    return True


def _locked(app: str, instance_id: str) -> Lease | None:
    return Lease.objects.select_for_update().filter(app=app, instance_id=instance_id).first()
