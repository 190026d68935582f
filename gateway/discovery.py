"""Which instances of each service are up: polled from the registry, in each worker, and what it last said while it is
away. Without a registry the environment names one address for each service."""

import asyncio
import json
import logging
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from config import environment
from gateway import metrics
from gateway.pool import Upstream
from gateway.routing import ROUTES
from gateway.upstream import UpstreamError
from service import eureka
from service.networks import Networks, from_environment
from service.registration import STATIC

logger = logging.getLogger(__name__)
FETCH_SECONDS = 3.0
# A request that comes before the first answer of the registry waits for it so long.
PATIENCE_SECONDS = 3.0
LARGEST_ANSWER = 16_777_216
# Names, IPv4, IPv6: what may stand in a header as it is.
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")

Address = tuple[str, int]
Addresses = Mapping[str, Sequence[Address]]


class Unreadable(Exception):
    """What a registry said cannot be understood."""


def address(url: str) -> Address:
    """Host and port of an `http://` URL. Raises InvalidSetting."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise environment.InvalidSetting(f"{eureka.shown(url)!r} is not http://host:port.")
    return parts.hostname, parts.port or 80


def live(body: bytes, networks: Networks | None = None) -> dict[str, list[Address]]:
    """The addresses of the instances that are UP, by service, in a registry's answer. Raises Unreadable.

    Liberal: one instead of a list of one, ports as text; an instance that cannot be understood is left out, and one
    that is not in `networks`: whoever can write to the registry must not choose whom the gateway speaks to.
    """
    try:
        applications = _several(json.loads(body)["applications"].get("application"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"not a list of applications: {error!r}") from error
    found: dict[str, list[Address]] = {}
    for name, entry in _entries(applications):
        try:
            instance = eureka.parse_instance({**entry, "app": name, "port": _port(entry.get("port"))})
            _check_host(instance.host)
            if networks is not None:
                networks.address(instance.host)
        except (KeyError, TypeError, ValueError, AttributeError):
            _complain(name, repr(entry)[:300])
            continue
        addresses = found.setdefault(instance.app, [])
        if instance.status == "UP" and (instance.host, instance.port) not in addresses:
            addresses.append((instance.host, instance.port))
    return found


@lru_cache(maxsize=256)
def _complain(name: str, entry: str) -> None:
    """Once for each, not with every poll."""
    logger.warning("An instance of %s in the registry cannot be understood, or must not be there: %s", name, entry)


def _entries(applications: list[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for application in applications:
        if isinstance(application, Mapping) and isinstance(application.get("name"), str):
            for entry in _several(application.get("instance")):
                if isinstance(entry, Mapping):
                    yield application["name"], entry


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


class Discovery:
    """The instances of each service, as the registry (the first of `registries` that answers) tells them.

    `fixed` are the addresses where there is no registry; `limit` is how many requests each instance gets at a time;
    `networks`, where instances may be.
    """

    def __init__(
        self,
        registries: Sequence[str],
        *,
        fixed: Addresses,
        limit: int,
        poll_seconds: float = 2.0,
        networks: Networks | None = None,
    ) -> None:
        self._registries, self._limit, self._poll_seconds = list(registries), limit, poll_seconds
        self._networks = networks
        self._upstreams: dict[str, list[Upstream]] = {}
        self._known = asyncio.Event()
        self._silent = False
        self._task: asyncio.Task[None] | None = None
        if not registries:
            self.learn(fixed)

    @classmethod
    def from_environment(cls) -> "Discovery":
        """As REGISTRY_URL says, or the services' own URLs where it is empty."""
        registries = environment.items("REGISTRY_URL")
        for url in registries:
            address(url)
        fixed = {} if registries else {app: [address(environment.text(name))] for app, name in STATIC.items()}
        return cls(
            registries,
            fixed=fixed,
            limit=max(1, environment.integer("GATEWAY_CONNECTIONS") // environment.integer("WEB_WORKERS")),
            poll_seconds=environment.integer("GATEWAY_POLL_MILLISECONDS") / 1000,
            networks=from_environment(),
        )

    def learn(self, addresses: Addresses) -> None:
        """Take these for what is up. Instances that stay keep their connections."""
        before = {(app, one.host, one.port): one for app, those in self._upstreams.items() for one in those}
        self._upstreams = {
            app: [self._kept(before, app, host, port) for host, port in those] for app, those in addresses.items()
        }
        for gone in before.values():
            gone.retire()
        self._known.set()

    def _kept(self, before: dict[tuple[str, str, int], Upstream], app: str, host: str, port: int) -> Upstream:
        known = before.pop((app, host, port), None)
        return known or Upstream(host, port, limit=self._limit)

    async def instances(self, app: str, patience: float = PATIENCE_SECONDS) -> Sequence[Upstream]:
        """Those of a service that are up; before the registry has first answered, waits a little for it, and no more
        than so many seconds."""
        if not self._known.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(min(patience, PATIENCE_SECONDS)):
                    await self._known.wait()
        return self._upstreams.get(app, ())

    def check(self) -> None:
        """For health: raises while nothing has ever been heard of the registry, or nobody listens any more."""
        if not self._known.is_set():
            raise UpstreamError("The registry has not answered yet.")
        if self._task is not None and self._task.done():
            raise UpstreamError("The registry is not asked any more.")

    def show(self) -> None:
        """Set the gauges, and hand on what was counted."""
        metrics.hand_on()
        now = asyncio.get_running_loop().time()
        for route in ROUTES:
            metrics.BY_ROUTE[route.id].show(self._upstreams.get(route.service, ()), now)
        metrics.REGISTRY_ANSWERS.set(not self._silent)

    def known(self, app: str) -> Sequence[Upstream]:
        """Those of a service that are up, as far as is known now."""
        return self._upstreams.get(app, ())

    def described(self) -> dict[str, list[str]]:
        """For health's details: by service, the addresses of what is up."""
        return {app: [one.authority.decode() for one in those] for app, those in self._upstreams.items()}

    def start(self) -> None:
        """Begin to poll, on the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="discovery")

    async def stop(self) -> None:
        """End it, and close what is idle."""
        metrics.hand_on()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for upstream in self._all():
            upstream.retire()

    def _all(self) -> Iterator[Upstream]:
        for those in self._upstreams.values():
            yield from those

    async def _run(self) -> None:
        while True:
            try:
                await self._once()
            except Exception:
                # Whatever it was: a gateway that ceases to ask goes wrong later, and nobody knows why.
                logger.exception("Asking the registry went wrong, trying on")
            # Workers that started together must not ask together.
            await asyncio.sleep(self._poll_seconds * random.uniform(0.75, 1.25))  # noqa: S311 -- jitter

    async def _once(self) -> None:
        if self._registries:
            await self._poll()
        now = asyncio.get_running_loop().time()
        for upstream in self._all():
            upstream.sweep(now)
        self.show()

    async def _poll(self) -> None:
        said: list[str] = []
        for url in self._registries:
            try:
                async with asyncio.timeout(FETCH_SECONDS):
                    self.learn(live(await fetch(url), self._networks))
            except (UpstreamError, Unreadable, TimeoutError) as error:
                said.append(f"{eureka.shown(url)}: {error or 'no answer in time'}")
            else:
                if self._silent:
                    logger.info("The registry answers again: %s", eureka.shown(url))
                self._silent = False
                return
        if not self._silent:
            logger.warning("No registry answers, going by what it last said: %s", "; ".join(said))
        self._silent = True


def _request(url: str, authority: bytes) -> bytes:
    parts = urlsplit(url)
    head = [b"GET %b/eureka/apps HTTP/1.1" % parts.path.rstrip("/").encode(), b"host: %b" % authority]
    head += [b"accept: application/json", b"connection: close"]
    head += [f"{name}: {value}".encode() for name, value in eureka.authorization(parts).items()]
    return b"\r\n".join([*head, b"", b""])


async def fetch(url: str) -> bytes:
    """The body of a registry's GET /eureka/apps. Raises UpstreamError, Unreadable."""
    host, port = address(url)
    upstream = Upstream(host, port, limit=1)
    connection = await upstream.acquire(FETCH_SECONDS)
    try:
        connection.send(_request(url, upstream.authority))
        connection.expect(FETCH_SECONDS)
        await connection.answer()
        body = await connection.piece(FETCH_SECONDS)
        while not connection.complete:
            body += await connection.piece(FETCH_SECONDS)
            if len(body) > LARGEST_ANSWER:
                raise Unreadable("its answer is too large")
        if connection.status != 200:
            raise Unreadable(f"it answered {connection.status}")
        return body
    finally:
        upstream.retire()
        upstream.release(connection)
