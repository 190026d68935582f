"""Leases as tests make them and let them run out: time is moved in the table, never waited for."""

from datetime import timedelta
from typing import Any

from django.db.models import F

from registry import commands, registration
from registry.models import Change, Lease

BASE: dict[str, Any] = {
    "hostName": "127.0.0.1",
    "port": {"$": 8080, "@enabled": "true"},
    "leaseInfo": {"durationInSecs": 15},
}


def body(app: str = "ORDERS", instance_id: str = "one", **changed: Any) -> dict[str, Any]:
    """A registration's body."""
    return {"instance": BASE | {"app": app, "instanceId": instance_id} | changed}


def register(app: str = "ORDERS", instance_id: str = "one", **changed: Any) -> None:
    """Register an instance."""
    commands.register(registration.read(app, body(app, instance_id, **changed)))


def pass_time(seconds: float, *instance_ids: str) -> None:
    """As if the leases (all, without a name) had been renewed so much earlier."""
    leases = Lease.objects.filter(instance_id__in=instance_ids) if instance_ids else Lease.objects.all()
    leases.update(renewed_at=F("renewed_at") - timedelta(seconds=seconds))


def forget_changes(seconds: float) -> None:
    """As if all changes had happened so much earlier."""
    Change.objects.update(at=F("at") - timedelta(seconds=seconds))


def lease(instance_id: str = "one") -> Lease:
    """The instance's lease, also one that has run out."""
    return Lease.objects.get(instance_id=instance_id)
