"""A client of the Eureka REST protocol: https://github.com/Netflix/eureka/wiki/Eureka-REST-operations."""

import http.client
import json
import logging
import math
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS = 3.0
PORTS = {"http": 80, "https": 443}
# In an answer of a replica that has lost its database: how many seconds ago it was read.
STALE = "X-Registry-Stale"


class RegistryError(Exception):
    """No registry answered as it should; the message says what each said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """One instance of a service. `app` is the registry's name for the service, in capitals."""

    app: str
    instance_id: str
    host: str
    port: int
    status: str = "UP"
    lease_seconds: int = 15
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Where it answers: `http://host:port`."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What a registry knows: all instances by app, whatever their status, and how many seconds ago it learned it; 0.0
    where it did just now."""

    instances: Mapping[str, Sequence[Instance]]
    age: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came over HTTP. `age` as in `Heard`."""

    status: int
    content: bytes
    age: float


def document(instance: Instance) -> dict[str, Any]:
    """The body of a registration, with every member that Netflix's server and Spring's clients read."""
    return {
        "instance": {
            "instanceId": instance.instance_id,
            "hostName": instance.host,
            "app": instance.app,
            "ipAddr": instance.host,
            "status": instance.status,
            "overriddenStatus": "UNKNOWN",
            "port": {"$": instance.port, "@enabled": "true"},
            "securePort": {"$": 443, "@enabled": "false"},
            "countryId": 1,
            "dataCenterInfo": {
                "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
                "name": "MyOwn",
            },
            "leaseInfo": {
                "renewalIntervalInSecs": max(1, instance.lease_seconds // 3),
                "durationInSecs": instance.lease_seconds,
            },
            "metadata": dict(instance.metadata),
            "homePageUrl": f"{instance.base_url}/",
            "statusPageUrl": f"{instance.base_url}/actuator/info",
            "healthCheckUrl": f"{instance.base_url}/actuator/health",
            "vipAddress": instance.app.lower(),
            "secureVipAddress": instance.app.lower(),
        }
    }


def parse_applications(body: Any) -> dict[str, list[Instance]]:
    """The instances of `GET /eureka/apps` by app, whatever their status. Raises KeyError, TypeError, AttributeError.

    Servers that made their JSON from XML give a single member instead of a list of one. An instance that cannot be
    understood is left out: it must not hide the others.
    """
    found: dict[str, list[Instance]] = {}
    for application in _as_list(body["applications"].get("application")):
        known = found.setdefault(str(application["name"]).upper(), [])
        for entry in _as_list(application.get("instance")):
            try:
                known.append(parse_instance(entry))
            except (KeyError, TypeError, ValueError, AttributeError):
                logger.warning("An instance in the registry cannot be understood: %.300r", entry)
    return found


def parse_instance(entry: Mapping[str, Any]) -> Instance:
    """One instance of an answer. Raises KeyError, TypeError, ValueError or AttributeError."""
    host = str(entry.get("ipAddr") or entry["hostName"])
    port = int(entry["port"]["$"])
    return Instance(
        app=str(entry["app"]).upper(),
        instance_id=str(entry.get("instanceId") or f"{host}:{port}"),
        host=host,
        port=port,
        status=str(entry.get("status", "UNKNOWN")),
    )


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class RegistryClient:
    """Speaks to the registry of a list that answered last, and to the others in their order where it does not."""

    def __init__(self, urls: Sequence[str], *, timeout: float = TIMEOUT_SECONDS) -> None:
        """`urls` as in `http://host:8761` or `http://user:key@host:8761`. Raises ValueError for one that is none."""
        self._addresses = [_address(url) for url in urls]
        self._timeout = timeout

    def register(self, instance: Instance) -> None:
        """Begin, or begin anew, a lease. Raises RegistryError."""
        if self._ask("POST", f"/eureka/apps/{quote(instance.app, safe='')}", document(instance)) is None:
            raise RegistryError("What answers there is no registry: 404 for a registration.")

    def renew(self, instance: Instance) -> bool:
        """Renew the lease; False where the registry does not know it (register again). Raises RegistryError."""
        return self._ask("PUT", self._path(instance)) is not None

    def cancel(self, instance: Instance) -> None:
        """End the lease; a lease that is not there is ended too. Raises RegistryError."""
        self._ask("DELETE", self._path(instance))

    def withdraw(self, instance: Instance) -> None:
        """Have the instance given out as OUT_OF_SERVICE while its lease goes on. Raises RegistryError."""
        self._ask("PUT", f"{self._path(instance)}/status?value=OUT_OF_SERVICE")

    def fetch(self) -> Heard:
        """Who there is, by a registry that has its database; where none has, by the one that lost it last. Raises
        RegistryError."""
        heard: list[Answer] = []
        for address, answer in self._answers("GET", "/eureka/apps"):
            heard.append(answer)
            if not answer.age:
                self._prefer(address)
                break
        found = min(heard, key=lambda answer: answer.age)
        try:
            return Heard(instances=parse_applications(json.loads(found.content)), age=found.age)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RegistryError(f"The registry's answer cannot be read: {error!r}") from error

    def _path(self, instance: Instance) -> str:
        return f"/eureka/apps/{quote(instance.app, safe='')}/{quote(instance.instance_id, safe=':')}"

    def _ask(self, method: str, path: str, body: Any = None) -> bytes | None:
        """The answer of the first registry that answers; None for 404."""
        address, answer = next(self._answers(method, path, body))
        self._prefer(address)
        return None if answer.status == 404 else answer.content

    def _prefer(self, address: SplitResult) -> None:
        # A new list: another thread may be going through the old one.
        self._addresses = [address, *(other for other in self._addresses if other != address)]

    def _answers(self, method: str, path: str, body: Any = None) -> Iterator[tuple[SplitResult, Answer]]:
        """What the registries say, one after the other, as far as they are asked. Raises RegistryError where none
        says anything."""
        said: list[str] = []
        answered = False
        for address in self._addresses:
            try:
                answer = self._send(address, method, path, body)
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                said.append(f"{_named(address)}: {error!r}")
                continue
            if answer.status < 300 or answer.status == 404:
                answered = True
                yield address, answer
            else:
                said.append(f"{_named(address)}: {answer.status} {answer.content[:200].decode(errors='replace')}")
        if not answered:
            raise RegistryError("; ".join(said) or "There is no registry.")

    def _send(self, address: SplitResult, method: str, path: str, body: Any) -> Answer:
        secure = address.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(address.hostname or "", address.port or PORTS[address.scheme], timeout=self._timeout)
        try:
            headers = {"Accept": "application/json", "Content-Type": "application/json"} | authorization(address)
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, address.path.rstrip("/") + path, body=content, headers=headers)
            response = connection.getresponse()
            age = age_of(response.headers.get(STALE))
            return Answer(status=response.status, content=response.read(), age=age)
        finally:
            connection.close()


def age_of(stale: str | None) -> float:
    """How many seconds ago an answer was true, by its header STALE: 0.0 without one, endless where that is none."""
    if stale is None:
        return 0.0
    # A fresh answer is 0.0 and nothing else: one from before the database went away is never younger than a second.
    return max(1.0, float(stale)) if stale.isdecimal() else math.inf


def authorization(address: SplitResult) -> dict[str, str]:
    """The header for the user and password of a URL (HTTP Basic authentication, RFC 7617); none without them."""
    if address.username is None:
        return {}
    given = f"{unquote(address.username)}:{unquote(address.password or '')}"
    return {"Authorization": f"Basic {b64encode(given.encode()).decode()}"}


def shown(url: str) -> str:
    """The URL for logs and messages: without its password."""
    return re.sub(r"//[^/]*@", "//…@", url)


def _named(address: SplitResult) -> str:
    return address.netloc.rpartition("@")[2]


def _address(url: str) -> SplitResult:
    parts = urlsplit(url)
    # Reading `port` raises ValueError where it is none.
    if parts.scheme not in PORTS or not parts.hostname or parts.port == 0:
        raise ValueError(f"{shown(url)!r} is not http://host:port.")
    return parts
