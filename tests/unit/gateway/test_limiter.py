"""Whom a request is counted for, what the answer says, and what a setting must be."""

import hashlib
from contextlib import suppress
from typing import Any

import http_sf
import pytest

from config.environment import InvalidSetting
from gateway import metrics
from gateway.headers import Headers
from gateway.limits import limiter
from gateway.limits.buckets import Buckets, Policy
from gateway.limits.limiter import Limiter
from service.problems import Problem

KEY = hashlib.sha256(b"secret").hexdigest()


def scope(*fields: tuple[bytes, bytes], address: str = "10.0.0.1", path: bytes = b"/user/v1/users") -> dict[str, Any]:
    """A request's scope."""
    return {"headers": list(fields), "client": (address, 1), "raw_path": path}


def limiting(quota: int = 3) -> Limiter:
    """A limiter that knows one key, on a clock that stands still."""
    return Limiter(Buckets(Policy(quota=quota, window=60), clock=lambda: 0), {KEY: "partner"})


@pytest.mark.parametrize(
    ("given", "subject", "client"),
    [
        (scope(), None, "address:10.0.0.1"),
        (scope(), "3", "subject:3"),
        (scope((b"x-api-key", b"secret")), None, "key:partner"),
        (scope((b"x-api-key", b"secret")), "3", "key:partner"),
        (scope((b"x-api-key", b"guessed")), None, "address:10.0.0.1"),
        (scope((b"x-api-key", b"guessed")), "3", "subject:3"),
        (scope(address="2001:db8::1"), None, "address:2001:db8::/64"),
        (scope(address="2001:db8::ffff:1"), None, "address:2001:db8::/64"),
        (scope(address="::ffff:10.0.0.1"), None, "address:::ffff:10.0.0.1"),
        ({**scope(), "client": None}, None, "address:"),
    ],
)
def test_a_client_is_a_known_key_or_a_subject_or_an_address(
    given: dict[str, Any], subject: str | None, client: str
) -> None:
    assert limiting().client(given, subject) == client


def test_the_fields_are_structured_ones_as_the_draft_has_them() -> None:
    """draft-ietf-httpapi-ratelimit-headers-10: Lists of Strings with parameters."""
    told: Headers = []
    limiting().admit(scope(), None, told)
    fields = dict(told)
    assert http_sf.parse(fields[b"ratelimit-policy"], tltype="list") == [("default", {"q": 3, "w": 60})]
    assert http_sf.parse(fields[b"ratelimit"], tltype="list") == [("default", {"r": 2, "t": 20})]


def test_who_has_used_it_up_is_told_when_to_come_again() -> None:
    found = limiting(quota=1)
    found.admit(scope(), None, [])
    told: Headers = []
    with pytest.raises(Problem) as refused:
        found.admit(scope(), None, told)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "60"})
    assert dict(told)[b"ratelimit"] == b'"default";r=0;t=60'


def test_who_is_refused_is_counted() -> None:
    found, before = limiting(quota=1), metrics.RATE_LIMITED._value.get()
    for _ in range(3):
        with suppress(Problem):
            found.admit(scope(), None, [])
    assert metrics.RATE_LIMITED._value.get() - before == 2


@pytest.mark.parametrize("path", [b"/actuator/health", b"/actuator/health/liveness"])
def test_probes_are_not_counted(path: bytes) -> None:
    found = limiting(quota=1)
    for _ in range(3):
        found.admit(scope(path=path), None, [])


@pytest.mark.parametrize("text", ["600", "600/", "/60", "0/60", "600/0", "-1/60", "a/b", "600/60/1", "1e3/60"])
def test_a_limit_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("GATEWAY_RATE_LIMIT", text)
    with pytest.raises(InvalidSetting, match="GATEWAY_RATE_LIMIT"):
        limiter.from_environment()


def test_a_limit_smaller_than_the_number_of_workers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_RATE_LIMIT", "3/60")
    monkeypatch.setenv("WEB_WORKERS", "4")
    with pytest.raises(InvalidSetting, match="4 workers"):
        limiter.from_environment()


@pytest.mark.parametrize("text", ["partner", "partner:", f":{KEY}", "partner:secret", f"partner:{KEY.upper()}"])
def test_a_key_is_configured_by_its_sum_only(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("GATEWAY_RATE_LIMIT", "600/60")
    monkeypatch.setenv("GATEWAY_API_KEYS", text)
    with pytest.raises(InvalidSetting, match="GATEWAY_API_KEYS"):
        limiter.from_environment()
