"""Runs the table: each line is sent through the gateway as a client would send it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.contract.people import Cast
from tests.contract.rows import ROWS
from tests.contract.table import Row
from tests.support.client import Answer, Client
from tests.support.network import Network

PROBLEM = "application/problem+json"


def _body(row: Row, ids: Mapping[str, int]) -> bytes | None:
    if callable(row.body):
        return json.dumps(row.body(ids)).encode()
    if row.body is None and not row.call.startswith("GET "):
        return b""
    return row.body


def send(client: Client, row: Row, ids: Mapping[str, int]) -> Answer:
    """The answer to the line's call."""
    method, _, path = row.call.format_map(ids).partition(" ")
    kind = {"Content-Type": row.content_type} if row.content_type and method != "GET" else {}
    return client.request(method, path, _body(row, ids), {**kind, **row.headers})


def named_fields(problem: Mapping[str, Any]) -> set[str]:
    """Which fields the problem names."""
    return {error["field"] for error in problem.get("errors", ())}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_answer_is_the_contracts(row: Row, network: Network, known: Mapping[str, int]) -> None:
    answer = send(network.client, row, Cast(network, known))
    assert answer.status == row.status, answer.body[:500]
    if row.shape is None:
        assert answer.body == b""
        return
    body = answer.json()
    row.shape(body)
    if row.status < 400:
        assert answer.content_type == "application/json"
        return
    assert answer.content_type == PROBLEM
    assert named_fields(body) == row.names or not row.names
    assert row.allow <= {method.strip() for method in answer.headers.get("Allow", "").split(",")}


@pytest.mark.parametrize("row", [row for row in ROWS if row.status >= 400], ids=str)
def test_an_errors_members_agree_with_the_answer(row: Row, network: Network, known: Mapping[str, int]) -> None:
    ids = Cast(network, known)
    answer = send(network.client, row, ids)
    body = answer.json()
    sent = row.call.format_map(ids).partition(" ")[2].partition("?")[0]
    assert body["status"] == answer.status
    assert body["requestId"] == answer.headers["X-Request-Id"]
    # The service sees the path without the prefix that the gateway took off.
    assert sent.endswith(body["path"])
    assert len(body["error"]) > 2


@pytest.mark.parametrize("row", [row for row in ROWS if row.status == 405], ids=str)
def test_a_wrong_method_is_told_which_are_right(row: Row, network: Network, known: Mapping[str, int]) -> None:
    method = row.call.partition(" ")[0]
    allowed = send(network.client, row, Cast(network, known)).headers["Allow"]
    assert method not in {name.strip() for name in allowed.split(",")}
