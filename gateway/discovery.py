"""Which instances of each service are up: polled from the registry, in each worker, and what it last said while it is
away. Without a registry the environment names one address for each service."""

import asyncio
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from config import environment
from gateway import metrics, names
from gateway.listing import Address, Addresses, Listing, Unreadable
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
# Of an answer that is stale, nobody says since when.
LARGEST_AGE = 1e9
WHOLE, DELTA = "/eureka/apps", "/eureka/apps/delta"


def address(url: str) -> Address:
    """Host and port of an `http://` URL. Raises InvalidSetting."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise environment.InvalidSetting(f"{eureka.shown(url)!r} is not http://host:port.")
    return parts.hostname, parts.port or 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A registry's answer. `age`: how many seconds old what it says is; it says so where it lost its database."""

    body: bytes
    age: float = 0.0


class Discovery:
    """The instances of each service, as the registry (the first of `registries` that answers freshly) tells them.

    `fixed` are the names where there is no registry, and until one has answered; `limit` is how many requests each
    instance gets at a time; `networks`, where instances may be.
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
        self._fixed = fixed
        self._listing = Listing(networks)
        self._upstreams: dict[str, list[Upstream]] = {}
        self._known = asyncio.Event()
        self._silent = False
        # The registry whose answer is kept up by deltas, and when what is known was true, in the loop's time.
        self._source = ""
        self._true_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        if not registries:
            self.learn(fixed)

    @classmethod
    def from_environment(cls) -> "Discovery":
        """As REGISTRY_URL says, or the services' own URLs where it is empty."""
        registries = environment.items("REGISTRY_URL")
        for url in registries:
            address(url)
        # Beside a registry names count only where somebody has set them: the defaults are no promise that they exist.
        given = {app: environment.text(name, "" if registries else None) for app, name in STATIC.items()}
        return cls(
            registries,
            fixed={app: [address(url)] for app, url in given.items() if url},
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
        if self._true_at is None and self._fixed:
            await self._look_up()
        now = asyncio.get_running_loop().time()
        for upstream in self._all():
            upstream.sweep(now)
        self.show()

    async def _look_up(self) -> None:
        """No registry, or none that has ever answered: the instances are what the names stand for."""
        found = {
            app: [one for name in those for one in await names.resolve(*name)] for app, those in self._fixed.items()
        }
        # A name that is not known now stays what it was last.
        self.learn({app: those or self._addresses(app) for app, those in found.items()})

    def _addresses(self, app: str) -> Sequence[Address]:
        return [(one.host, one.port) for one in self._upstreams.get(app, ())] or self._fixed[app]

    async def _poll(self) -> None:
        said: list[str] = []
        stale: list[tuple[str, Said]] = []
        for url in self._registries:
            try:
                async with asyncio.timeout(FETCH_SECONDS):
                    answer = await self._ask(url)
            except (UpstreamError, Unreadable, TimeoutError) as error:
                said.append(f"{eureka.shown(url)}: {error or 'no answer in time'}")
                # Whatever it says next, it is asked for all of it.
                self._source = "" if url == self._source else self._source
                continue
            if answer.age:
                stale.append((url, answer))
                continue
            self._heard(url, answer)
            return
        self._take_best(stale)
        if not stale:
            if not self._silent:
                logger.warning("No registry answers, going by what it last said: %s", "; ".join(said))
            self._silent = True

    async def _ask(self, url: str) -> Said:
        """What has changed, where this registry was asked before, else everything; taken over where it is fresh.
        Raises UpstreamError, Unreadable."""
        if url == self._source:
            answer = await fetch(url, DELTA)
            if not answer.age and self._listing.change(answer.body):
                return answer
        answer = await fetch(url, WHOLE)
        if not answer.age:
            self._listing.replace(answer.body)
        return answer

    def _heard(self, url: str, answer: Said) -> None:
        if self._silent:
            logger.info("The registry answers again: %s", eureka.shown(url))
        self._silent, self._source = False, url
        self._true_at = asyncio.get_running_loop().time() - answer.age
        self.learn(self._listing.live())

    def _take_best(self, stale: Sequence[tuple[str, Said]]) -> None:
        """No registry knows how things are now: the youngest answer counts, if it is younger than what is known."""
        if not stale:
            return
        url, answer = min(stale, key=lambda one: one[1].age)
        true_at = asyncio.get_running_loop().time() - answer.age
        if self._true_at is not None and true_at <= self._true_at:
            return
        try:
            self._listing.replace(answer.body)
        except Unreadable as error:
            logger.warning("%s: %s", eureka.shown(url), error)
            return
        self._heard(url, answer)
        # The next fresh answer is asked for as a whole.
        self._source = ""


def _request(url: str, path: str, authority: bytes) -> bytes:
    parts = urlsplit(url)
    head = [f"GET {parts.path.rstrip('/')}{path} HTTP/1.1".encode(), b"host: %b" % authority]
    head += [b"accept: application/json", b"connection: close"]
    head += [f"{name}: {value}".encode() for name, value in eureka.authorization(parts).items()]
    return b"\r\n".join([*head, b"", b""])


async def fetch(url: str, path: str) -> Said:
    """What a registry answers to GET `path`. Raises UpstreamError, Unreadable."""
    host, port = address(url)
    upstream = Upstream(host, port, limit=1)
    connection = await upstream.acquire(FETCH_SECONDS)
    try:
        connection.send(_request(url, path, upstream.authority))
        connection.expect(FETCH_SECONDS)
        await connection.answer()
        body = await connection.piece(FETCH_SECONDS)
        while not connection.complete:
            body += await connection.piece(FETCH_SECONDS)
            if len(body) > LARGEST_ANSWER:
                raise Unreadable("its answer is too large")
        if connection.status != 200:
            raise Unreadable(f"it answered {connection.status}")
        return Said(body=body, age=_age(dict(connection.headers)))
    finally:
        upstream.retire()
        upstream.release(connection)


def _age(fields: Mapping[bytes, bytes]) -> float:
    """ADR 0035: a replica without its database says how old its answer is; at least a moment."""
    text = fields.get(b"x-registry-stale")
    return 0.0 if text is None else max(1.0, float(text) if text.isdigit() else LARGEST_AGE)
