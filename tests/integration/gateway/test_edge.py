"""What the gateway asks of clients, and adds to every answer, whoever gave it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import http_sf
import pytest

from tests.integration.gateway.process import Gateway, running
from tests.integration.gateway.servers import Loop, Registry, Talk, echo
from tests.integration.gateway.test_errors import problem
from tests.integration.gateway.test_passing_on import seen
from tests.support.client import Answer
from tests.support.waiting import eventually

APP = "https://app.example"
PREFLIGHT = {"Origin": APP, "Access-Control-Request-Method": "PUT"}


async def boastful(talk: Talk) -> None:
    """Says of itself what is the gateway's to say, and one thing that is its own."""
    while True:
        await talk.request()
        fields = ("Access-Control-Allow-Origin: *", "RateLimit: x", "X-Frame-Options: SAMEORIGIN")
        await talk.answer(b"{}", 200, *(field.encode() for field in fields))


@pytest.fixture(scope="module")
def edge(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with rules, behind proxies on this machine; USER-SERVICE echoes, FRIEND-SERVICE boasts."""
    registry = Registry(loop)
    registry.list("USER-SERVICE", loop.serve(echo))
    registry.list("FRIEND-SERVICE", loop.serve(boastful))
    rules = {
        "GATEWAY_CORS_ORIGINS": APP,
        "GATEWAY_TRUSTED_PROXIES": "127.0.0.0/8",
        "GATEWAY_RATE_LIMIT": "5/36000",
    }
    with running(tmp_path_factory.mktemp("edge"), registry.url, **rules) as gateway:
        eventually(gateway.healthy)
        yield gateway


def from_address(address: str, **more: str) -> dict[str, str]:
    """Headers of a client at this address, each test's own, so that none uses up another's quota."""
    return {"X-Forwarded-For": address, **{name.replace("_", "-"): value for name, value in more.items()}}


def values(answer: Answer, name: str) -> list[str]:
    """All values of a field, however many lines it has."""
    return answer.headers.get_all(name) or []


def remaining(answer: Answer) -> int:
    """How many more would pass, as the answer says."""
    found: Any = http_sf.parse(answer.headers["RateLimit"].encode(), tltype="list")
    return int(found[0][1]["r"])


PATHS = ["/user/x", "/friend/x", "/actuator/health", "/nowhere", "/user/a%2fb", "/recommendation/x"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_what_browsers_need_once(edge: Gateway, path: str) -> None:
    answer = edge.client.get(path, from_address(f"198.51.100.{PATHS.index(path)}", Origin=APP))
    assert values(answer, "X-Content-Type-Options") == ["nosniff"]
    assert values(answer, "X-Frame-Options") == ["SAMEORIGIN" if path == "/friend/x" else "DENY"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert values(answer, "Access-Control-Allow-Origin") == [APP]
    assert "Origin" in values(answer, "Vary")
    assert "Strict-Transport-Security" not in answer.headers


def test_a_page_of_an_unlisted_origin_reads_nothing_and_commands_nothing(edge: Gateway) -> None:
    evil = from_address("198.51.101.1", Origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in edge.client.get("/friend/x", evil).headers
    problem(edge.client.request("POST", "/user/x", b"", evil), 403)


def test_a_preflight_is_answered_here(edge: Gateway) -> None:
    answer = edge.client.request("OPTIONS", "/user/v1/users/1", None, from_address("198.51.101.2", **PREFLIGHT))
    assert (answer.status, answer.body) == (204, b"")
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]


def test_who_asks_too_often_is_refused_and_told_when_to_come_again(edge: Gateway) -> None:
    answers = [edge.client.get("/user/x", from_address("198.51.101.3")) for _ in range(7)]
    assert [answer.status for answer in answers] == [200] * 5 + [429] * 2
    assert [remaining(answer) for answer in answers] == [4, 3, 2, 1, 0, 0, 0]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"default";q=5;w=36000'}
    for answer in answers[5:]:
        problem(answer, 429)
        assert 0 < int(answer.headers["Retry-After"]) <= 7200


def test_what_is_refused_for_its_form_counts_and_probes_do_not(edge: Gateway) -> None:
    client = from_address("198.51.101.4")
    for _ in range(5):
        problem(edge.client.get("/user/a%2fb", client), 400)
        assert edge.client.get("/actuator/health", client).status == 200
    problem(edge.client.get("/user/x", client), 429)
    assert edge.client.get("/actuator/health", client).status == 200


def test_another_address_has_a_quota_of_its_own_and_a_lie_does_not_make_one(edge: Gateway) -> None:
    for number in range(5):
        assert edge.client.get("/user/x", from_address(f"203.0.113.{number}, 198.51.101.5")).status == 200
    problem(edge.client.get("/user/x", from_address("203.0.113.9, 198.51.101.5")), 429)
    assert edge.client.get("/user/x", from_address("198.51.101.6")).status == 200


def test_a_trusted_proxys_word_is_passed_on_alone(edge: Gateway) -> None:
    said = from_address("203.0.113.1, 198.51.101.7", X_Forwarded_Proto="https", Forwarded="for=1.2.3.4")
    answer = edge.client.get("/user/x", said)
    _, headers, _ = seen(answer.body)
    assert headers["x-forwarded-for"] == ["198.51.101.7"]
    assert headers["forwarded"] == ["for=198.51.101.7;proto=https"]
    assert headers["x-forwarded-proto"] == ["https"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_an_api_key_stays_at_the_gateway(edge: Gateway) -> None:
    answer = edge.client.get("/user/x", from_address("198.51.101.8", X_API_Key="secret"))
    assert b"secret" not in answer.body


def test_workers_share_the_quota(loop: Loop, registry: Registry, tmp_path: Path) -> None:
    with running(tmp_path, registry.url, GATEWAY_RATE_LIMIT="6/36000", WEB_WORKERS="2") as gateway:
        answers = [gateway.client.get("/nowhere") for _ in range(30)]
        assert 3 <= sum(answer.status == 404 for answer in answers) <= 6
        assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"default";q=3;w=36000'}
