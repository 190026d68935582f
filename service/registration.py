"""A service and the registry: say that it is up, and find others that are."""

import fcntl
import logging
import math
import random
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings

from config import environment
from service import metrics
from service.eureka import Heard, Instance, RegistryClient, RegistryError

logger = logging.getLogger(__name__)
ELECTION_SECONDS = 1.0
BACKOFF_SECONDS = 10.0
REFRESH_SECONDS = 3.0
AWAY_SECONDS = 0.5
EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 -- compared with, not listened on

# Where there is no registry, names are fixed (a cluster's DNS).
STATIC = {
    "USER-SERVICE": "USER_SERVICE_URL",
    "FRIEND-SERVICE": "FRIEND_SERVICE_URL",
    "RECOMMENDATION-SERVICE": "RECOMMENDATION_SERVICE_URL",
}


REGISTERED = metrics.gauge(
    "service_registered",
    "1: the registry has this service's lease; 0: it has not, or does not answer.",
    ["app"],
    where="web of every registered service",
    mode="livemax",
)


class Registration:
    """Keeps one instance registered: registers, renews at a third of the lease, registers again when forgotten.

    `locate` makes the instance, with the address that it has now; RegistryError where that cannot be told yet.
    """

    def __init__(self, client: RegistryClient, locate: Callable[[], Instance]) -> None:
        self._client, self._locate = client, locate
        # For which there may be a lease: also after a registration of which no answer came.
        self.instance: Instance | None = None
        self._registered = False
        self._failures = 0

    def step(self) -> float:
        """Register or renew once; the seconds until the next time. Never raises: a registry that is away is waited
        for, and said once."""
        try:
            lease_seconds = self._keep()
        except RegistryError as error:
            if not self._failures:
                logger.warning("The registry does not answer, trying on: %s", error)
            self._failures += 1
            self._show(0)
            # Doubled each time, and soon enough that a lease does not run out for one lost answer.
            return random.uniform(0.5, 1.0) * min(BACKOFF_SECONDS, 0.5 * 2.0 ** min(self._failures, 10))  # noqa: S311 -- jitter
        if self._failures:
            logger.info("The registry answers again")
        self._failures = 0
        self._show(1)
        # Instances that started together must not renew together.
        return lease_seconds / 3 * random.uniform(0.8, 1.0)  # noqa: S311 -- jitter

    def _keep(self) -> int:
        """How long the lease is that is there now."""
        if self.instance and self._registered and self._client.renew(self.instance):
            return self.instance.lease_seconds
        self._registered = False
        self.instance = found = self._locate()
        self._client.register(found)
        self._registered = True
        logger.info("Registered as %s at %s", found.app, found.base_url)
        return found.lease_seconds

    def _show(self, registered: int) -> None:
        if self.instance is not None:
            REGISTERED.labels(self.instance.app).set(registered)

    def withdraw(self) -> None:
        """Have others send no more requests here, while those under way and late ones are served. Raises
        RegistryError."""
        self._client.withdraw(self._locate())

    def cancel(self) -> None:
        """Leave; where the registry does not answer the lease runs out by itself."""
        self._show(0)
        left, self.instance = self.instance, None
        if left is None:
            return
        self._registered = False
        try:
            self._client.cancel(left)
        except RegistryError as error:
            logger.info("Could not leave the registry, the lease will run out: %s", error)


class ElectedRegistration:
    """In each web worker of a service, a thread of which one does the work: the one that holds a lock on a file.

    The instance is registered once, whatever the number of workers; when the holder dies the lock is free, and
    another worker goes on with the same lease.
    """

    def __init__(self, registration: Registration, *, lock: Path) -> None:
        self._registration, self._path = registration, lock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="registration", daemon=True)

    def start(self) -> None:
        """Begin to stand for election."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def leave(self) -> None:
        """Begin to leave the registry where this worker keeps the lease; returns at once."""
        self._stopping.set()

    def stop(self) -> None:
        """Leave the registry where this worker kept the lease; returns when that is done, within a few seconds."""
        self.leave()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        with self._path.open("a") as file:
            while not _locked(file):
                if self._stopping.wait(ELECTION_SECONDS):
                    return
            while not self._stopping.wait(self._registration.step()):
                pass
            self._registration.cancel()


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def from_settings() -> Registration | None:
    """The registration of this service; None without a registry, and for the registry itself. Raises
    InvalidSetting."""
    urls, name = environment.items("REGISTRY_URL"), getattr(settings, "REGISTRY_NAME", None)
    if not urls or not name:
        return None
    return Registration(client(urls), partial(_instance, name, urls[0]))


def _instance(name: str, registry: str) -> Instance:
    host, port = reachable(environment.text("HOST"), registry), environment.integer("PORT")
    return Instance(
        app=name,
        instance_id=f"{host}:{settings.SERVICE}:{port}",
        host=host,
        port=port,
        lease_seconds=environment.integer("REGISTRY_LEASE_SECONDS"),
    )


def client(urls: Sequence[str]) -> RegistryClient:
    """A client of REGISTRY_URL. Raises InvalidSetting."""
    try:
        return RegistryClient(urls)
    except ValueError as error:
        raise environment.InvalidSetting(f"REGISTRY_URL: {error}") from error


def reachable(host: str, registry: str) -> str:
    """The address that others find this machine at: `host`'s, or where that means every address, the one from which
    the registry is reached (no packet is sent for it). Raises RegistryError where a name leads nowhere yet."""
    parts = urlsplit(registry)
    try:
        if host not in EVERY_ADDRESS:
            return str(socket.getaddrinfo(host, None)[0][4][0])
        family, kind, _, _, address = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise RegistryError(f"This machine's address is not known yet: {error}") from error


class Directory:
    """Where instances of one app are: the registry is asked every few seconds; while it is away, what it said last. A
    replica that has lost its database is not listened to where more is known already.

    For several threads at a time: one of them asks, and the others wait only where nothing is known yet.
    """

    def __init__(self, app: str, client: RegistryClient) -> None:
        self._app, self._client = app, client
        self._asking = threading.Lock()
        self._instances: list[Instance] = []
        self._asked = self._due = 0.0
        # When a registry last learned what is known here, by our clock.
        self._true_at = -math.inf
        self._silent = False

    def pick(self) -> str | None:
        """The base URL of some instance that is up; None where none is known."""
        came = time.monotonic()
        if came >= self._due and self._asking.acquire(blocking=not self._instances):
            try:
                # Whoever was asked while this thread waited has told what it came for.
                if self._asked <= came:
                    self._refresh()
            finally:
                self._asking.release()
        # A refresh puts a new list here; it does not change this one.
        known = self._instances
        return random.choice(known).base_url if known else None  # noqa: S311 -- spreads load

    def _refresh(self) -> None:
        self._asked = time.monotonic()
        try:
            heard = self._client.fetch()
        except RegistryError as error:
            if not self._silent:
                logger.warning("The registry does not answer, going by what it last said: %s", error)
            self._silent = True
        else:
            self._learn(heard)
            self._silent = False
        self._due = time.monotonic() + self._pause()

    def _learn(self, heard: Heard) -> None:
        true_at = self._asked - heard.age
        if true_at >= self._true_at:
            self._true_at = true_at
            self._instances = [one for one in heard.instances.get(self._app, ()) if one.status == "UP"]

    def _pause(self) -> float:
        """Who finds nobody asks again at once, but not a registry that is away."""
        if self._instances:
            return REFRESH_SECONDS
        return AWAY_SECONDS if self._silent else 0.0


class StaticDirectory:
    """The one address that the environment gives an app."""

    def __init__(self, app: str) -> None:
        self._url = environment.text(STATIC[app]).rstrip("/")

    def pick(self) -> str | None:
        """The base URL."""
        return self._url


@cache
def directory(app: str) -> Directory | StaticDirectory:
    """Where instances of an app are, for this process."""
    urls = environment.items("REGISTRY_URL")
    return Directory(app, client(urls)) if urls else StaticDirectory(app)
