"""An instance as the Eureka protocol writes it: checked when it registers, completed when it is shown.

https://github.com/Netflix/eureka/wiki/Eureka-REST-operations; member names as Netflix's InstanceInfo has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.models import Lease
from service import clock
from service.problems import Problem

STATUSES = frozenset({"UP", "DOWN", "STARTING", "OUT_OF_SERVICE", "UNKNOWN"})
MAX_LEASE_SECONDS = 24 * 60 * 60
DEFAULT_LEASE_SECONDS = 90


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """What the registry itself needs to know of a registration; the rest is kept as it came."""

    app: str
    instance_id: str
    status: str
    vip: str
    secure_vip: str
    lease_seconds: int
    last_dirty: int
    document: dict[str, Any]


def _bad(field: str, message: str) -> Problem:
    return Problem(400, f"{field} {message}.", errors=[{"field": field, "message": message}])


def _text(entry: Mapping[str, Any], name: str, *, most: int, required: bool = False) -> str:
    value = entry.get(name)
    if value is None or value == "":
        if required:
            raise _bad(name, "is missing")
        return ""
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise _bad(name, f"must be printable text of at most {most} characters")
    return value


def whole(value: Any, name: str, *, low: int, high: int) -> int:
    """A whole number, also as text (clients that speak XML send no other). Raises Problem 400."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise _bad(name, "must be a whole number") from None
    if isinstance(value, bool) or not low <= number <= high:
        raise _bad(name, f"must be from {low} to {high}")
    return number


def status(value: Any, name: str = "status") -> str:
    """One of Eureka's statuses. Raises Problem 400."""
    if value not in STATUSES:
        raise _bad(name, f"must be one of {', '.join(sorted(STATUSES))}")
    return str(value)


def read(app: str, body: Any) -> Registration:
    """A registration's body for the app of its path. Raises Problem 400, naming the member that is wrong."""
    entry = body.get("instance") if isinstance(body, dict) else None
    if not isinstance(entry, dict):
        raise _bad("instance", "is missing")
    named = _text(entry, "app", most=200, required=True).upper()
    if named != app.upper():
        raise _bad("app", f"is {named}, the path says {app.upper()}")
    host = _text(entry, "hostName", most=253, required=True)
    _text(entry, "ipAddr", most=253)
    _check_port(entry)
    lease = entry.get("leaseInfo") or {}
    if not isinstance(lease, dict) or not isinstance(entry.get("metadata") or {}, dict):
        raise _bad("leaseInfo, metadata", "must be objects")
    seconds = lease.get("durationInSecs", DEFAULT_LEASE_SECONDS)
    return Registration(
        app=named,
        instance_id=_text(entry, "instanceId", most=300) or host,
        status=status(entry.get("status", "UP")),
        vip=_text(entry, "vipAddress", most=500),
        secure_vip=_text(entry, "secureVipAddress", most=500),
        lease_seconds=whole(seconds, "durationInSecs", low=1, high=MAX_LEASE_SECONDS),
        last_dirty=whole(entry.get("lastDirtyTimestamp") or 0, "lastDirtyTimestamp", low=0, high=2**63 - 1),
        document=entry,
    )


def _check_port(entry: Mapping[str, Any]) -> None:
    for name in ("port", "securePort"):
        port = entry.get(name)
        if port is None:
            continue
        number = port.get("$") if isinstance(port, dict) else port
        whole(number, name, low=0, high=65_535)


def effective_status(lease: Lease) -> str:
    """The override where there is one, else what the instance says of itself."""
    return lease.status if lease.overridden_status == "UNKNOWN" else lease.overridden_status


def show(lease: Lease, action: str = "ADDED") -> dict[str, Any]:
    """The instance as clients read it."""
    given: dict[str, Any] = lease.document
    lease_info = given.get("leaseInfo") or {}
    return given | {
        "instanceId": lease.instance_id,
        "app": lease.app,
        "ipAddr": given.get("ipAddr") or given.get("hostName"),
        "status": effective_status(lease),
        "overriddenStatus": lease.overridden_status,
        # Spring's and Netflix's clients write it in two ways and read either.
        "overriddenstatus": lease.overridden_status,
        "port": _port(given.get("port"), enabled=True),
        "securePort": _port(given.get("securePort"), enabled=False),
        "countryId": given.get("countryId", 1),
        "dataCenterInfo": given.get("dataCenterInfo")
        or {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
        "leaseInfo": {
            "renewalIntervalInSecs": lease_info.get("renewalIntervalInSecs", 30),
            "durationInSecs": lease.lease_seconds,
            "registrationTimestamp": clock.epoch_milliseconds(lease.registered_at),
            "lastRenewalTimestamp": clock.epoch_milliseconds(lease.renewed_at),
            "evictionTimestamp": 0,
            "serviceUpTimestamp": _milliseconds(lease.up_since),
        },
        "metadata": given.get("metadata") or {},
        "isCoordinatingDiscoveryServer": "false",
        "lastUpdatedTimestamp": str(lease.last_updated),
        "lastDirtyTimestamp": str(lease.last_dirty),
        "actionType": action,
    }


def _port(given: Any, *, enabled: bool) -> dict[str, Any]:
    if isinstance(given, dict):
        return {"$": int(given.get("$", 0)), "@enabled": str(given.get("@enabled", enabled)).lower()}
    return {"$": int(given or (0 if enabled else 443)), "@enabled": str(enabled).lower()}


def _milliseconds(moment: datetime | None) -> int:
    return clock.epoch_milliseconds(moment) if moment else 0
