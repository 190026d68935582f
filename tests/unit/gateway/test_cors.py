"""What pages of other origins may."""

from typing import Any

import pytest

from config.environment import InvalidSetting
from gateway.security import cors
from gateway.security.cors import Cors
from service.problems import Problem

APP = b"https://app.example"
CORS = Cors(["https://app.example"])


def scope(origin: bytes | None = APP, method: str = "GET", *more: tuple[bytes, bytes]) -> dict[str, Any]:
    """A request of a page."""
    fields = [(b"host", b"social.example"), *more]
    return {"method": method, "headers": [*fields, (b"origin", origin)] if origin else fields}


def test_a_listed_origin_may_read_and_every_answer_says_that_it_depends() -> None:
    fields = dict(CORS.fields(scope()))
    assert (fields[b"access-control-allow-origin"], fields[b"vary"]) == (APP, b"Origin")
    assert b"access-control-allow-credentials" not in fields


@pytest.mark.parametrize(
    "origin", [None, b"null", b"https://evil.example", b"http://app.example", b"https://app.example.evil", b"*"]
)
def test_no_other_origin_may(origin: bytes | None) -> None:
    assert CORS.fields(scope(origin)) == [cors.VARY]
    assert CORS.preflight(scope(origin, "OPTIONS", (b"access-control-request-method", b"PUT"))) is None


def test_where_no_origin_is_listed_nothing_is_said() -> None:
    assert Cors([]).fields(scope()) == []


def test_a_listed_origin_is_told_beforehand_what_it_may() -> None:
    answer = CORS.preflight(scope(APP, "OPTIONS", (b"access-control-request-method", b"PUT")))
    assert answer is not None
    assert b"PUT" in dict(answer)[b"access-control-allow-methods"]
    assert b"Idempotency-Key" in dict(answer)[b"access-control-allow-headers"]


def test_options_without_the_question_is_an_ordinary_request() -> None:
    assert CORS.preflight(scope(APP, "OPTIONS")) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("origin", [b"https://evil.example", b"null", b"https://evil.example#social.example", b""])
def test_other_pages_command_nothing(method: str, origin: bytes) -> None:
    request = {"method": method, "headers": [(b"host", b"social.example"), (b"origin", origin)]}
    with pytest.raises(Problem) as refused:
        CORS.check(request)
    assert refused.value.status == 403


@pytest.mark.parametrize("origin", [APP, b"https://social.example", b"http://SOCIAL.example", None])
def test_our_own_pages_listed_ones_and_programs_do(origin: bytes | None) -> None:
    CORS.check(scope(origin, "POST"))


def test_reading_is_left_to_the_browser() -> None:
    CORS.check(scope(b"https://evil.example", "GET"))


@pytest.mark.parametrize("text", ["*", "app.example", "https://app.example/", "https://a b", "null", "https://App"])
def test_what_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("GATEWAY_CORS_ORIGINS", text)
    with pytest.raises(InvalidSetting, match="GATEWAY_CORS_ORIGINS"):
        cors.from_environment()
