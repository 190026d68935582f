"""The HTTP API as the contract has it."""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from recommendations import graph
from tests.integration.recommendations import model
from tests.integration.recommendations.conftest import Append
from tests.integration.recommendations.histories import History

MUTUAL = "/v1/users/{}/commands/findMutualFriends"
RECOMMENDED = "/v1/users/{}/commands/recommendFriends"
BEYOND = str(2**63)


@pytest.fixture
def history(append: Append, project: Callable[[], None]) -> History:
    """Five people in a row, all of them friends of the first's neighbour too."""
    found = History()
    for number in range(1, 6):
        found.user(number, first=f"First{number}", last="Žofie")
    for one, other in ((1, 2), (2, 3), (3, 4), (4, 5), (2, 5)):
        found.befriend(one, other)
    append(found.events)
    project()
    return found


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem document of an answer that must have this status."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.content)
    assert found["status"] == status
    return found


def test_mutual_friends(client: Client, history: History) -> None:
    answer = client.get(MUTUAL.format(1), {"friendId": 3})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == [model.record(history, 2)]
    assert set(answer.json()[0]) == {"id", "firstName", "lastName", "createdAt", "lastModified"}


def test_recommendations(client: Client, history: History) -> None:
    answer = client.get(RECOMMENDED.format(3))
    assert answer.status_code == 200
    assert answer.json() == model.recommended_friends(history, 3)
    assert [(entry["user"]["id"], entry["weight"]) for entry in answer.json()] == [(5, 2), (1, 1)]


def test_the_limit(client: Client, history: History) -> None:
    assert len(client.get(RECOMMENDED.format(3), {"limit": 1}).json()) == 1
    assert len(client.get(RECOMMENDED.format(3), {"limit": 100}).json()) == 2


def test_twenty_at_most_unless_told_otherwise(client: Client, append: Append, project: Callable[[], None]) -> None:
    found = History()
    for number in range(1, 151):
        found.user(number)
    for number in range(3, 151):
        found.befriend(2, number)
    found.befriend(1, 2)
    append(found.events)
    project()
    ids = [entry["user"]["id"] for entry in client.get(RECOMMENDED.format(1)).json()]
    assert ids == list(range(3, 23))
    assert len(client.get(RECOMMENDED.format(1), {"limit": 100}).json()) == 100


@pytest.mark.parametrize("limit", ["0", "-1", "101", "many", "", BEYOND])
def test_a_limit_that_is_none(client: Client, limit: str) -> None:
    found = problem(client.get(RECOMMENDED.format(1), {"limit": limit}), 400)
    assert [error["field"] for error in found["errors"]] == ["limit"]


@pytest.mark.parametrize("path", [MUTUAL, RECOMMENDED])
@pytest.mark.parametrize("number", ["abc", "1.5", "1e3", "0x1", BEYOND, "9" * 41])
def test_a_path_id_that_is_none(client: Client, path: str, number: str) -> None:
    problem(client.get(path.format(number), {"friendId": 1}), 400)


@pytest.mark.parametrize("friend", [None, "", "abc", "1.5", "0", "-1", BEYOND, "-" + "9" * 30])
def test_a_friend_id_that_is_none(client: Client, friend: str | None) -> None:
    found = problem(client.get(MUTUAL.format(1), {} if friend is None else {"friendId": friend}), 400)
    assert [error["field"] for error in found["errors"]] == ["friendId"]


@pytest.mark.parametrize("number", [999, 2**63 - 1, 0, -1])
def test_nothing_about_unknown_users(client: Client, history: History, number: int) -> None:
    assert client.get(RECOMMENDED.format(number)).json() == []
    assert client.get(MUTUAL.format(number), {"friendId": 1}).json() == []
    assert client.get(MUTUAL.format(1), {"friendId": 999}).json() == []


def test_nobody_has_mutual_friends_with_themselves(client: Client, history: History) -> None:
    assert client.get(MUTUAL.format(2), {"friendId": 2}).json() == []


@pytest.mark.parametrize("path", [MUTUAL, RECOMMENDED])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_wrong_method_is_told_which_are_right(client: Client, path: str, method: str) -> None:
    answer = getattr(client, method)(path.format(1) + "?friendId=2")
    problem(answer, 405)
    assert "GET" in answer["Allow"]


def test_no_such_route(client: Client) -> None:
    problem(client.get("/v1/nothing"), 404)


def test_a_graph_that_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = listener.getsockname()[1]
    monkeypatch.setenv("NEO4J_BOLT_URL", f"bolt://neo4j:x@127.0.0.1:{nobody}")
    for path in (RECOMMENDED.format(1), MUTUAL.format(1) + "?friendId=2"):
        answer = client.get(path)
        problem(answer, 503)
        assert answer["Retry-After"]
    health = client.get("/actuator/health")
    assert (health.status_code, health.json()) == (503, {"status": "DOWN"})
    graph.close()


def test_health(client: Client) -> None:
    answer = client.get("/actuator/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "UP"})
