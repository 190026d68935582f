"""`/`: who is up, for people."""

import logging
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from registry import queries
from registry.instance import UNKNOWN
from registry.models import Change, Lease

logger = logging.getLogger(__name__)
CHANGES = 10


def view(request: HttpRequest) -> HttpResponse:
    """Applications, their instances, status, how old each lease is, and what changed last; 503 without a database."""
    try:
        return render(request, "registry/dashboard.html", _found())
    except (OperationalError, InterfaceError) as error:
        logger.warning("No dashboard, the database does not answer: %s", str(error).strip().partition("\n")[0])
        return render(request, "registry/dashboard.html", {"away": True}, status=503)


def _found() -> dict[str, Any]:
    age = ExpressionWrapper(Now() - F("renewed_at"), output_field=DurationField())
    leases = list(queries.live().annotate(age=age))
    applications = [
        {"name": app, "instances": [_row(lease, lease.age) for lease in found]}
        for app, found in groupby(leases, key=lambda lease: lease.app)
    ]
    changes = list(Change.objects.order_by("-id")[:CHANGES])
    return {"applications": applications, "instances": len(leases), "changes": changes}


def _row(lease: Lease, age: timedelta) -> dict[str, Any]:
    home = str(lease.document.get("homePageUrl", ""))
    return {
        "instance_id": lease.instance_id,
        # A link only where it leads into the web: others could be scripts.
        "url": home if home.startswith(("http://", "https://")) else "",
        "status": lease.status,
        "overridden": lease.overridden_status != UNKNOWN,
        "age": max(0.0, round(age.total_seconds(), 1)),
        "left": max(0.0, round(lease.lease_seconds - age.total_seconds(), 1)),
        "seconds": lease.lease_seconds,
        "since": lease.registered_at,
    }
