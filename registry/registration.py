"""A registration: what an instance says of itself, checked, and made whole, so that whoever reads it later finds
every member in one form. What is missing is as Netflix's InstanceInfo has it by default; members that it does not
have are dropped."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry import members
from registry.instance import UNKNOWN

MAX_LEASE_SECONDS = 24 * 60 * 60
MAX_TIMESTAMP = 2**63 - 1
DEFAULT_LEASE_SECONDS, DEFAULT_RENEWAL_SECONDS = 90, 30
DEFAULT_PORT, DEFAULT_SECURE_PORT = 7001, 7002
DATA_CENTERS = frozenset({"Netflix", "Amazon", "MyOwn"})
MY_OWN = "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo"
# Shown where they were given, and left out where not.
OPTIONAL = (
    "appGroupName",
    "asgName",
    "sid",
    "homePageUrl",
    "statusPageUrl",
    "healthCheckUrl",
    "secureHealthCheckUrl",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """What the registry itself needs to know of a registration, and the whole of it as a document.

    `last_dirty`: when the instance last changed, by its own clock, in epoch milliseconds; None where it does not say.
    """

    app: str
    instance_id: str
    status: str
    overridden_status: str
    vip: str
    secure_vip: str
    lease_seconds: int
    last_dirty: int | None
    document: dict[str, Any]


def read(app: str, body: Any) -> Registration:
    """A registration's body for the app of its path. Raises Problem 400, naming the member that is wrong."""
    entry = body.get("instance") if isinstance(body, dict) else None
    if not isinstance(entry, dict):
        raise members.bad("instance", "is missing")
    named, instance_id = _names(app, entry)
    overridden = entry.get("overriddenStatus") or entry.get("overriddenstatus") or UNKNOWN
    document = _document(entry, named, instance_id)
    return Registration(
        app=named,
        instance_id=instance_id,
        status=document["status"],
        overridden_status=members.status(overridden, "overriddenStatus"),
        vip=document["vipAddress"],
        secure_vip=document["secureVipAddress"],
        lease_seconds=document["leaseInfo"]["durationInSecs"],
        last_dirty=timestamp(entry.get("lastDirtyTimestamp")),
        document=document,
    )


def timestamp(value: Any) -> int | None:
    """A `lastDirtyTimestamp`, epoch milliseconds; None where it is not given or 0. Raises Problem 400."""
    if value is None or value == "":
        return None
    return members.whole(value, "lastDirtyTimestamp", low=0, high=MAX_TIMESTAMP) or None


def _names(app: str, entry: Mapping[str, Any]) -> tuple[str, str]:
    named = members.text(entry, "app", most=200, required=True).upper()
    if named != app.upper():
        raise members.bad("app", f"is {named}, the path says {app.upper()}")
    if len(named) > 200:
        raise members.bad("app", "must be of at most 200 characters")
    found = members.text(entry, "instanceId", most=300) or members.text(entry, "hostName", most=253)
    return named, found


def _document(entry: Mapping[str, Any], app: str, instance_id: str) -> dict[str, Any]:
    host = members.host(entry, "hostName", required=True)
    optional = {name: text for name in OPTIONAL if (text := members.text(entry, name))}
    return {
        "instanceId": instance_id,
        "hostName": host,
        "app": app,
        "ipAddr": members.host(entry, "ipAddr") or host,
        "status": members.status(entry.get("status") or "UP"),
        "port": _port(entry, "port", default=DEFAULT_PORT, enabled=True),
        "securePort": _port(entry, "securePort", default=DEFAULT_SECURE_PORT, enabled=False),
        "countryId": members.whole(entry.get("countryId") or 1, "countryId", low=0, high=2**31 - 1),
        "dataCenterInfo": _data_center(members.members(entry, "dataCenterInfo")),
        "leaseInfo": _lease_info(members.members(entry, "leaseInfo")),
        "metadata": members.metadata(members.members(entry, "metadata")),
        "vipAddress": members.text(entry, "vipAddress", most=500),
        "secureVipAddress": members.text(entry, "secureVipAddress", most=500),
        "isCoordinatingDiscoveryServer": members.boolean(
            entry.get("isCoordinatingDiscoveryServer") or False, "isCoordinatingDiscoveryServer"
        ),
    } | optional


def _port(entry: Mapping[str, Any], name: str, *, default: int, enabled: bool) -> dict[str, Any]:
    given = entry.get(name)
    if not isinstance(given, dict):
        given = {"$": default if given is None or given == "" else given}
    on = members.boolean(given.get("@enabled", enabled), f"{name} enabled")
    # A port that is not open may have any number, also none.
    lowest = 1 if on == "true" else 0
    return {"$": members.whole(given.get("$"), name, low=lowest, high=65_535), "@enabled": on}


def _lease_info(given: Mapping[str, Any]) -> dict[str, int]:
    def seconds(name: str, default: int) -> int:
        return members.whole(given.get(name) or 0, name, low=0, high=MAX_LEASE_SECONDS) or default

    return {
        "renewalIntervalInSecs": seconds("renewalIntervalInSecs", DEFAULT_RENEWAL_SECONDS),
        "durationInSecs": seconds("durationInSecs", DEFAULT_LEASE_SECONDS),
    }


def _data_center(given: Mapping[str, Any]) -> dict[str, Any]:
    name = members.text(given, "name") or "MyOwn"
    if name not in DATA_CENTERS:
        raise members.bad("dataCenterInfo.name", f"must be one of {', '.join(sorted(DATA_CENTERS))}")
    found: dict[str, Any] = {"@class": members.text(given, "@class", most=200) or MY_OWN, "name": name}
    metadata = members.metadata(members.members(given, "metadata"))
    return found | ({"metadata": metadata} if metadata else {})
