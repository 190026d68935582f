"""The issuer's keys: kept, fetched anew, and never asked for more often than is good."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.security import jwks
from gateway.security.jwks import KeySet, UnknownKey
from service.problems import Problem
from tests.support.issuer import Issuer

ISSUER = Issuer()


class Source:
    """Publishes what it is told to, and counts who asks; None: it is away."""

    def __init__(self, body: bytes | None) -> None:
        self.body, self.asked, self.now = body, 0, 1000.0

    async def fetch(self) -> bytes:
        """What there is."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.body is None:
            raise OSError("away")
        return self.body


def run(body: bytes | None, use: Callable[[Source, KeySet], Awaitable[None]]) -> None:
    """On a clock that the test moves: `source.now`."""

    async def inside() -> None:
        source = Source(body)
        await use(source, KeySet(source.fetch, clock=lambda: source.now))

    asyncio.run(inside())


async def settle() -> None:
    """Let what runs in the background end."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_keys_are_fetched_once_however_many_ask() -> None:
    async def use(source: Source, keys: KeySet) -> None:
        await asyncio.gather(*(keys.key("ec-1", "ES256") for _ in range(20)))
        await keys.key("rsa-1", "RS256")
        assert source.asked == 1

    run(ISSUER.jwks(), use)


def test_a_new_key_is_found_at_once_and_made_up_ones_are_asked_for_once_in_a_while() -> None:
    async def use(source: Source, keys: KeySet) -> None:
        await keys.key("ec-1", "ES256")
        issuer = Issuer()
        issuer.add("ec-2")
        source.body = issuer.jwks()
        source.now += jwks.PAUSE_SECONDS
        await keys.key("ec-2", "ES256")
        for number in range(100):
            with pytest.raises(UnknownKey):
                await keys.key(f"made-up-{number}", "ES256")
        assert source.asked == 2
        source.now += jwks.PAUSE_SECONDS
        with pytest.raises(UnknownKey):
            await keys.key("made-up", "ES256")
        assert source.asked == 3

    run(ISSUER.jwks(), use)


def test_a_key_that_was_taken_back_is_not_believed_for_long() -> None:
    async def use(source: Source, keys: KeySet) -> None:
        await keys.key("ec-1", "ES256")
        other, generation = Issuer(), keys.generation
        del other.keys["ec-1"]
        source.body = other.jwks()
        source.now += jwks.LIFETIME_SECONDS
        keys.freshen()
        await settle()
        assert keys.generation != generation
        with pytest.raises(UnknownKey):
            await keys.key("ec-1", "ES256")

    run(ISSUER.jwks(), use)


def test_keys_hold_while_the_issuer_is_away_or_says_nonsense() -> None:
    async def use(source: Source, keys: KeySet) -> None:
        await keys.key("ec-1", "ES256")
        for body in (None, b"<html>", b"[]", b'{"keys": 1}', b'{"keys": []}'):
            source.body = body
            source.now += jwks.LIFETIME_SECONDS
            keys.freshen()
            await settle()
            await keys.key("ec-1", "ES256")
        assert source.asked == 6

    run(ISSUER.jwks(), use)


def test_before_the_first_answer_it_cannot_be_said() -> None:
    async def use(source: Source, keys: KeySet) -> None:
        with pytest.raises(Problem) as refused:
            await keys.key("ec-1", "ES256")
        assert refused.value.status == 503
        source.body = ISSUER.jwks()
        source.now += jwks.FIRST_PAUSE_SECONDS
        await keys.key("ec-1", "ES256")

    run(None, use)


def test_a_key_is_for_its_own_algorithm() -> None:
    async def use(source: Source, keys: KeySet) -> None:
        with pytest.raises(UnknownKey):
            await keys.key("rsa-1", "ES256")

    run(ISSUER.jwks(), use)


def test_what_must_not_sign_tokens_is_left_out() -> None:
    entries = json.loads(ISSUER.jwks())["keys"]
    entries += [
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "alg": "HS256"},
        {**entries[1], "kid": "encryption", "use": "enc"},
        {**entries[1], "kid": ""},
        {"kty": "nonsense", "kid": "odd"},
    ]
    assert set(jwks.read(json.dumps({"keys": entries}).encode())) == {"rsa-1", "ec-1"}


def test_a_file_is_a_source_too(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(ISSUER.jwks())
    assert asyncio.run(_fetched(path.as_uri())) == ISSUER.jwks()


async def _fetched(url: str) -> bytes:
    return await jwks.fetching(url)()
