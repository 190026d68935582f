"""The keys that tokens are signed with, as their issuer publishes them (RFC 7517)."""

import asyncio
import json
import logging
import time
import urllib.request
from collections.abc import Awaitable, Callable

import jwt

from service.problems import Problem

logger = logging.getLogger(__name__)
ALGORITHMS = frozenset({"RS256", "ES256"})
# A key that the issuer has taken back is believed for at most so long.
LIFETIME_SECONDS = 300.0
# Whoever makes up key ids does not have us ask more often.
PAUSE_SECONDS = 30.0
# While there is none at all.
FIRST_PAUSE_SECONDS = 1.0
FETCH_SECONDS = 5.0
LARGEST = 1_048_576

Found = dict[str, jwt.PyJWK]


class UnknownKey(Exception):
    """The issuer has no such key."""


class KeySet:
    """The issuer's keys, kept. `fetch` gets them as JSON, and raises OSError where it cannot; `clock` tells seconds.

    Asked for again when they are old, in the background; and when somebody names a key that is not among them, since
    that is how a new one shows. What cannot be fetched changes nothing. `generation` is another after each change.
    """

    def __init__(self, fetch: Callable[[], Awaitable[bytes]], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._keys: Found = {}
        self._said = b""
        self._asked = self._again = float("-inf")
        self._under_way: asyncio.Task[None] | None = None
        self.generation = 0

    def freshen(self) -> None:
        """Have them fetched again where they are old; who has to wait for that waits in `key`."""
        now = self._clock()
        if self._keys and now >= self._again:
            self._begin(now)

    async def key(self, kid: str, algorithm: str) -> jwt.PyJWK:
        """The key of this id and algorithm. Raises UnknownKey; Problem 503 where none was ever heard of."""
        now = self._clock()
        if kid not in self._keys:
            pause = PAUSE_SECONDS if self._keys else FIRST_PAUSE_SECONDS
            if self._under_way is not None or now - self._asked >= pause:
                # Shielded: one client that leaves must not end what others wait for.
                await asyncio.shield(self._begin(now))
        if not self._keys:
            raise Problem(503, "The keys of tokens are not known now.", headers={"Retry-After": "5"})
        found = self._keys.get(kid)
        if found is None or found.algorithm_name != algorithm:
            raise UnknownKey
        return found

    def _begin(self, now: float) -> asyncio.Task[None]:
        if self._under_way is None:
            self._asked, self._again = now, now + PAUSE_SECONDS
            self._under_way = asyncio.get_running_loop().create_task(self._refresh(), name="jwks")
        return self._under_way

    async def _refresh(self) -> None:
        try:
            said = await self._fetch()
            self._keys = read(said)
        except (OSError, ValueError) as error:
            logger.warning("The keys of tokens cannot be had, going on with %d: %s", len(self._keys), error)
        else:
            self._again = self._clock() + LIFETIME_SECONDS
            self.generation += said != self._said
            self._said = said
        finally:
            self._under_way = None


def read(body: bytes) -> Found:
    """The keys of a JWK Set that can be used here, by id. Raises ValueError for what is no JWK Set.

    Left out: other algorithms (a shared secret above all), keys for encryption, keys without an id.
    """
    try:
        entries = json.loads(body)["keys"]
        usable = [entry for entry in entries if entry.get("kid") and entry.get("use", "sig") == "sig"]
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a JWK Set: {error!r}") from error
    found: Found = {}
    for entry in usable:
        try:
            one = jwt.PyJWK.from_dict(entry)
        except jwt.PyJWTError as error:
            logger.warning("The key %.100r cannot be used: %s", entry["kid"], error)
            continue
        if one.algorithm_name in ALGORITHMS:
            found[str(entry["kid"])] = one
    if not found:
        raise ValueError("there is no key for RS256 or ES256")
    return found


def fetching(url: str) -> Callable[[], Awaitable[bytes]]:
    """Gets what is at a URL (`https`, `http`, `file`), in a thread."""

    def get() -> bytes:
        with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as answer:  # noqa: S310 -- its scheme was looked at
            body: bytes = answer.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise ValueError("they are too large")
        return body

    return lambda: asyncio.to_thread(get)
