"""The four calls that are measured, and the delay from a friendship's answer to its being recommended."""

import asyncio
import itertools
import json
import random
import time
from collections.abc import Iterator, Sequence

from bench.desktop.connection import Connection
from bench.desktop.load import Call

GIVE_UP = 30.0


def create() -> Iterator[Call]:
    """New users without end."""
    body = json.dumps({"firstName": "Bench", "lastName": "Mark"}).encode()
    return itertools.repeat(("POST", "/user/v1/users", body))


def read(ids: Sequence[int], choice: random.Random) -> Iterator[Call]:
    """Reads of random users without end."""
    while True:
        yield "GET", f"/user/v1/users/{choice.choice(ids)}", b""


def befriend(ids: Sequence[int], choice: random.Random) -> Iterator[Call]:
    """Friendships of random pairs, none twice; ends when most pairs are used."""
    seen: set[tuple[int, int]] = set()
    while len(seen) < len(ids) * (len(ids) - 1) // 4:
        one, other = choice.sample(ids, 2)
        pair = (min(one, other), max(one, other))
        if pair not in seen:
            seen.add(pair)
            yield "POST", f"/friend/v1/users/{one}/commands/addFriend?friendId={other}", b""


def recommend(ids: Sequence[int], choice: random.Random) -> Iterator[Call]:
    """Recommendations for random users without end."""
    while True:
        yield "GET", f"/recommendation/v1/users/{choice.choice(ids)}/commands/recommendFriends", b""


async def delays(url: str, rounds: int) -> list[float]:
    """Seconds from the answer to an addFriend until its person is recommended, one round after the other."""
    connection = Connection(url)
    me, friend = [await _new(connection) for _ in range(2)]
    await _befriend(connection, me, friend)
    found = [await _delay(connection, me, friend) for _ in range(rounds)]
    connection.close()
    return found


async def _delay(connection: Connection, me: int, friend: int) -> float:
    person = await _new(connection)
    await _befriend(connection, friend, person)
    began = time.perf_counter()
    path = f"/recommendation/v1/users/{me}/commands/recommendFriends?limit=100"
    while time.perf_counter() - began < GIVE_UP:
        _, body = await connection.request("GET", path)
        if any(entry["user"]["id"] == person for entry in json.loads(body)):
            return time.perf_counter() - began
        await asyncio.sleep(0.001)
    raise TimeoutError(f"User {person} was not recommended to {me} within {GIVE_UP:.0f} s.")


async def _new(connection: Connection) -> int:
    _, body = await connection.request(*next(create()))
    return int(json.loads(body)["id"])


async def _befriend(connection: Connection, one: int, other: int) -> None:
    path = f"/friend/v1/users/{one}/commands/addFriend?friendId={other}"
    status, body = await connection.request("POST", path)
    if status != 201:
        raise RuntimeError(f"addFriend answered {status}: {body[:200]!r}")
