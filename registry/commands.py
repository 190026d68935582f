"""What can be asked of the registry. Each answers whether there was such a lease."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from registry import instance
from registry.instance import Registration
from registry.models import Change, Lease
from service import clock

DELTA_KEPT = timedelta(minutes=3)


def _record(lease: Lease, action: str) -> None:
    now = clock.now()
    Change.objects.create(
        app=lease.app, instance_id=lease.instance_id, action=action, instance=instance.show(lease, action), at=now
    )
    Change.objects.filter(at__lt=now - DELTA_KEPT).delete()


@transaction.atomic
def register(registration: Registration) -> None:
    """Begin a lease, or begin it anew with what the instance now says; an operator's override stays."""
    now = clock.now()
    known = (
        Lease.objects.select_for_update().filter(app=registration.app, instance_id=registration.instance_id).first()
    )
    lease = known or Lease(app=registration.app, instance_id=registration.instance_id, registered_at=now)
    # An instance that registers late with an older state than the one we have must not turn it back.
    if known is None or registration.last_dirty >= known.last_dirty:
        lease.status, lease.document = registration.status, registration.document
        lease.vip, lease.secure_vip = registration.vip, registration.secure_vip
        lease.last_dirty = registration.last_dirty or clock.epoch_milliseconds(now)
    lease.lease_seconds, lease.renewed_at = registration.lease_seconds, now
    lease.last_updated = clock.epoch_milliseconds(now)
    if instance.effective_status(lease) == "UP" and lease.up_since is None:
        lease.up_since = now
    lease.save()
    _record(lease, "ADDED")


def renew(app: str, instance_id: str) -> bool:
    """Renew a lease that has not run out: one statement."""
    return bool(Lease.objects.filter(app=app, instance_id=instance_id).update(renewed_at=clock.now()))


@transaction.atomic
def cancel(app: str, instance_id: str) -> bool:
    """End a lease."""
    lease = _locked(app, instance_id)
    if lease is None:
        return False
    _record(lease, "DELETED")
    lease.delete()
    return True


@transaction.atomic
def override_status(app: str, instance_id: str, status: str) -> bool:
    """Show another status than the instance says of itself; UNKNOWN takes that back."""
    lease = _locked(app, instance_id)
    if lease is None:
        return False
    lease.overridden_status = status
    _changed(lease)
    return True


@transaction.atomic
def remove_override(app: str, instance_id: str, status: str | None) -> bool:
    """Take an override back; `status` is what the instance is to be shown as until it says itself."""
    lease = _locked(app, instance_id)
    if lease is None:
        return False
    lease.overridden_status = "UNKNOWN"
    lease.status = status or lease.status
    _changed(lease)
    return True


@transaction.atomic
def add_metadata(app: str, instance_id: str, members: dict[str, str]) -> bool:
    """Set members of an instance's metadata; others stay."""
    lease = _locked(app, instance_id)
    if lease is None:
        return False
    metadata: dict[str, Any] = {**(lease.document.get("metadata") or {}), **members}
    lease.document = {**lease.document, "metadata": metadata}
    _changed(lease)
    return True


def _locked(app: str, instance_id: str) -> Lease | None:
    return Lease.objects.select_for_update().filter(app=app, instance_id=instance_id).first()


def _changed(lease: Lease) -> None:
    lease.last_updated = clock.epoch_milliseconds(clock.now())
    lease.save()
    _record(lease, "MODIFIED")


@transaction.atomic
def evict_expired() -> int:
    """End the leases that have run out; how many. Nothing depends on it: they are not shown any more as it is."""
    expired = [lease for lease in Lease.objects.select_for_update(skip_locked=True) if _expired(lease)]
    for lease in expired:
        _record(lease, "DELETED")
        lease.delete()
    return len(expired)


def _expired(lease: Lease) -> bool:
    return lease.renewed_at + timedelta(seconds=lease.lease_seconds) < clock.now()
