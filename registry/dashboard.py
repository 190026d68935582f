"""`/`: who is up, for people."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from registry import instance, queries
from service import clock


def view(request: HttpRequest) -> HttpResponse:
    """Applications, their instances, status, and how old each lease is."""
    now = clock.now()
    rows = [
        {
            "app": lease.app,
            "instance_id": lease.instance_id,
            "status": instance.effective_status(lease),
            "url": lease.document.get("homePageUrl") or "",
            "renewed": round((now - lease.renewed_at).total_seconds(), 1),
            "lease": lease.lease_seconds,
            "since": lease.registered_at,
        }
        for lease in queries.live()
    ]
    return render(request, "registry/dashboard.html", {"rows": rows, "now": now})
