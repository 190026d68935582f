"""The social network as a client sees it through the gateway: the calls of the contract by their names."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.support.client import Answer, Client
from tests.support.waiting import eventually

_numbers = itertools.count(1)


def expect(answer: Answer, status: int) -> Any:
    """The answer's JSON (None for an empty body), where its status is `status`."""
    assert answer.status == status, f"{answer.status} instead of {status}: {answer.body[:500]!r}"
    return answer.json() if answer.body else None


@dataclass(frozen=True, slots=True)
class Network:
    """Each call returns the answer's JSON and fails where the status is not the contract's."""

    client: Client

    def create(self, first_name: str = "", last_name: str = "Person") -> dict[str, Any]:
        """A new user; one without a first name gets one that no other has."""
        name = first_name or f"Number{next(_numbers)}"
        user: dict[str, Any] = expect(
            self.client.post("/user/v1/users", {"firstName": name, "lastName": last_name}), 201
        )
        return user

    def people(self, count: int) -> list[int]:
        """The ids of `count` new users."""
        return [self.create()["id"] for _ in range(count)]

    def read(self, user_id: int) -> dict[str, Any]:
        """The user."""
        user: dict[str, Any] = expect(self.client.get(f"/user/v1/users/{user_id}"), 200)
        return user

    def rename(self, user_id: int, first_name: str, last_name: str) -> dict[str, Any]:
        """The user with new names."""
        body = {"id": user_id, "firstName": first_name, "lastName": last_name}
        user: dict[str, Any] = expect(self.client.put(f"/user/v1/users/{user_id}", body), 200)
        return user

    def delete(self, user_id: int) -> None:
        """Delete a user."""
        answer = self.client.request("DELETE", f"/user/v1/users/{user_id}")
        assert (answer.status, answer.body) == (204, b"")

    def befriend(self, user_id: int, friend_id: int) -> dict[str, Any]:
        """The new friendship's record."""
        path = f"/friend/v1/users/{user_id}/commands/addFriend?friendId={friend_id}"
        record: dict[str, Any] = expect(self.client.post(path), 201)
        return record

    def befriend_all(self, ties: Iterable[tuple[int, int]]) -> None:
        """A friendship for each pair."""
        for user_id, friend_id in ties:
            self.befriend(user_id, friend_id)

    def unfriend(self, user_id: int, friend_id: int) -> None:
        """End a friendship."""
        path = f"/friend/v1/users/{user_id}/commands/removeFriend?friendId={friend_id}"
        answer = self.client.post(path)
        assert (answer.status, answer.body) == (204, b"")

    def friends(self, user_id: int) -> list[int]:
        """Ids of the user's friends, in rising order."""
        records = expect(self.client.get(f"/friend/v1/users/{user_id}/friends"), 200)
        assert {record["userId"] for record in records} <= {user_id}
        return sorted(record["friendId"] for record in records)

    def mutual(self, user_id: int, friend_id: int) -> list[int]:
        """Ids of the mutual friends, in rising order."""
        path = f"/recommendation/v1/users/{user_id}/commands/findMutualFriends?friendId={friend_id}"
        return sorted(user["id"] for user in expect(self.client.get(path), 200))

    def recommended(self, user_id: int, limit: int | None = None) -> list[tuple[int, int]]:
        """(id, weight) of who is recommended, in the answer's order."""
        path = f"/recommendation/v1/users/{user_id}/commands/recommendFriends"
        found = expect(self.client.get(path if limit is None else f"{path}?limit={limit}"), 200)
        return [(entry["user"]["id"], entry["weight"]) for entry in found]

    def until_recommended(self, user_id: int, expected: list[tuple[int, int]], within: float = 30.0) -> None:
        """Wait until exactly `expected` is recommended to the user."""

        def check() -> None:
            assert self.recommended(user_id) == expected

        eventually(check, within)

    def until_mutual(self, user_id: int, friend_id: int, expected: list[int], within: float = 30.0) -> None:
        """Wait until exactly `expected` are the mutual friends."""

        def check() -> None:
            assert self.mutual(user_id, friend_id) == sorted(expected)

        eventually(check, within)
