"""`/`: who is up, for people."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from registry.instance import UNKNOWN
from registry.memory import AWAY, MEMORY
from registry.models import Lease
from registry.preservation import FEWEST, LONGEST
from registry.sources import Source
from service.problems import Problem


def view(request: HttpRequest) -> HttpResponse:
    """Applications, their instances, status, how old each lease is, what changed last, and whether anybody is
    evicted; without a database what was last known, or 503."""
    try:
        found, age = MEMORY.ask(_found)
    except (Problem, *AWAY):
        return render(request, "registry/dashboard.html", {"away": True}, status=503)
    return render(request, "registry/dashboard.html", {**found, "age": age})


def _found(source: Source) -> Mapping[str, Any]:
    leases, now = source.leases(), source.now()
    up = sum(lease.status == "UP" for lease in leases)
    present = source.attendance()
    return {
        "summary": _summary(len(leases), up, preserving=present.preserving_since is not None),
        "up": up,
        "enabled": settings.REGISTRY_SELF_PRESERVATION,
        "fewest": FEWEST,
        "longest_minutes": round(LONGEST.total_seconds() / 60),
        "applications": _applications(leases, now),
        "instances": len(leases),
        "changes": source.latest(),
        "attendance": present,
        "now": now,
    }


def _summary(instances: int, up: int, *, preserving: bool) -> str:
    """What a screen reader hears when it has changed."""
    return f"{up} of {instances} instances are up.{' Nobody is evicted.' if preserving else ''}"


def _applications(leases: Sequence[Lease], now: datetime) -> list[dict[str, Any]]:
    return [
        {"name": app, "instances": [_row(lease, now) for lease in found]}
        for app, found in groupby(leases, key=lambda lease: lease.app)
    ]


def _row(lease: Lease, now: datetime) -> dict[str, Any]:
    home = str(lease.document.get("homePageUrl", ""))
    age = max(0.0, (now - lease.renewed_at).total_seconds())
    return {
        "instance_id": lease.instance_id,
        # A link only where it leads into the web: others could be scripts.
        "url": home if home.startswith(("http://", "https://")) else "",
        "status": lease.status,
        "overridden": lease.overridden_status != UNKNOWN,
        "age": round(age),
        "left": max(0.0, lease.lease_seconds - age),
        "late": age > lease.lease_seconds,
        "seconds": lease.lease_seconds,
        "since": lease.registered_at,
    }
