"""What a registry says of the instances: read liberally, and kept up by its deltas.

https://github.com/Netflix/eureka/wiki/Eureka-REST-operations; a delta has the last change of each instance within
some minutes, and the hash code of all there is, which shows whether something was missed.
"""

import json
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from service import eureka
from service.networks import Networks

logger = logging.getLogger(__name__)
# Names, IPv4, IPv6: what may stand in a header as it is.
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")

Address = tuple[str, int]
Addresses = Mapping[str, Sequence[Address]]
_Instances = dict[tuple[str, str], Mapping[str, Any]]


class Unreadable(Exception):
    """What a registry said cannot be understood."""


class Listing:
    """All instances as a registry told them. Only those in `networks` are given out: whoever can write to the
    registry must not choose whom the gateway speaks to."""

    def __init__(self, networks: Networks | None = None) -> None:
        self._networks = networks
        self._instances: _Instances = {}

    def replace(self, body: bytes) -> None:
        """This is all there is. Raises Unreadable."""
        self._instances = dict(_instances(_document(body)))

    def change(self, body: bytes) -> bool:
        """Take over a delta. Whether that is all there is to know; if not, the whole must be asked for. Raises
        Unreadable."""
        document = _document(body)
        changed = dict(self._instances)
        for key, entry in _instances(document):
            if entry.get("actionType") == "DELETED":
                changed.pop(key, None)
            else:
                changed[key] = entry
        if document.get("apps__hashcode") != _hash_code(changed):
            return False
        self._instances = changed
        return True

    def live(self) -> dict[str, list[Address]]:
        """The addresses of the instances that are UP, by service.

        Liberal: one instead of a list of one, ports as text; an instance that cannot be understood is left out.
        """
        found: dict[str, list[Address]] = {}
        for (name, _), entry in self._instances.items():
            try:
                instance = eureka.parse_instance({**entry, "app": name, "port": _port(entry.get("port"))})
                _check_host(instance.host)
                if self._networks is not None:
                    self._networks.address(instance.host)
            except (KeyError, TypeError, ValueError, AttributeError):
                _complain(name, repr(entry)[:300])
                continue
            addresses = found.setdefault(instance.app, [])
            if instance.status == "UP" and (instance.host, instance.port) not in addresses:
                addresses.append((instance.host, instance.port))
        return found


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)["applications"]
        _several(document.get("application"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"not a list of applications: {error!r}") from error
    return document  # type: ignore[no-any-return]  # whatever it is, it has `get`


def _instances(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    for application in _several(document.get("application")):
        if isinstance(application, Mapping) and isinstance(application.get("name"), str):
            for number, entry in enumerate(_several(application.get("instance"))):
                if isinstance(entry, Mapping):
                    # Without an id it can be listed, but no delta can speak of it.
                    yield (application["name"], str(entry.get("instanceId") or number)), entry


def _hash_code(instances: _Instances) -> str:
    statuses = Counter(str(entry.get("status")) for entry in instances.values())
    return "".join(f"{status}_{number}_" for status, number in sorted(statuses.items()))


@lru_cache(maxsize=256)
def _complain(name: str, entry: str) -> None:
    """Once for each, not with every poll."""
    logger.warning("An instance of %s in the registry cannot be understood, or must not be there: %s", name, entry)


def _port(value: Any) -> Mapping[str, Any]:
    port = value if isinstance(value, Mapping) else {"$": value}
    if not 0 < int(port["$"]) < 65536:
        raise ValueError(f"no port: {value!r}")
    return port


def _check_host(host: str) -> None:
    if not _HOST.fullmatch(host):
        raise ValueError(f"no host: {host!r}")


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
