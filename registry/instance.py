"""An instance as clients read it, in the Eureka protocol's members.

https://github.com/Netflix/eureka/wiki/Eureka-REST-operations; names and types as Netflix's InstanceInfo has them.
"""

from typing import Any

from registry.models import Lease
from service import clock

UNKNOWN = "UNKNOWN"
STATUSES = frozenset({"UP", "DOWN", "STARTING", "OUT_OF_SERVICE", UNKNOWN})


def show(lease: Lease, action: str = "ADDED") -> dict[str, Any]:
    """What the instance said of itself (`registration.read` made it whole), and over it what the registry knows."""
    given: dict[str, Any] = lease.document
    return given | {
        "status": lease.status,
        "overriddenStatus": lease.overridden_status,
        # Spring's and Netflix's clients write it in two ways and read either.
        "overriddenstatus": lease.overridden_status,
        "leaseInfo": _lease_info(lease),
        "lastUpdatedTimestamp": str(lease.last_updated),
        "lastDirtyTimestamp": str(lease.last_dirty),
        "actionType": action,
    }


def _lease_info(lease: Lease) -> dict[str, int]:
    return {
        "renewalIntervalInSecs": lease.document["leaseInfo"]["renewalIntervalInSecs"],
        "durationInSecs": lease.lease_seconds,
        "registrationTimestamp": clock.epoch_milliseconds(lease.registered_at),
        "lastRenewalTimestamp": clock.epoch_milliseconds(lease.renewed_at),
        "evictionTimestamp": 0,
        "serviceUpTimestamp": clock.epoch_milliseconds(lease.up_since) if lease.up_since else 0,
    }
