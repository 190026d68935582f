"""Targets of every form, and what is read from them."""

from typing import Any

import pytest

from gateway import target
from service.problems import Problem


def scope(raw_path: bytes, *, method: str = "GET", host: bytes = b"social.example:9000") -> dict[str, Any]:
    """A request as gunicorn gives it."""
    headers = [(b"accept", b"*/*")] + ([(b"host", host)] if host else [])
    return {"method": method, "raw_path": raw_path, "path": raw_path.decode(), "scheme": "http", "headers": headers}


def test_a_path_stays_as_it_is() -> None:
    given = scope(b"/user/v1")
    assert target.read(given, tls=False) is given


@pytest.mark.parametrize(
    ("raw_path", "path"),
    [
        (b"http://social.example:9000/user/v1", b"/user/v1"),
        (b"https://Social.Example:9000/user/J%C3%BCrgen", b"/user/J%C3%BCrgen"),
        (b"HTTP://social.example:9000", b"/"),
        (b"http://social.example:9000//user", b"//user"),
    ],
)
def test_an_absolute_target_that_names_us_becomes_a_path(raw_path: bytes, path: bytes) -> None:
    found = target.read(scope(raw_path), tls=False)
    assert found["raw_path"] == path
    assert found["path"].startswith("/")
    assert "%" not in found["path"]


@pytest.mark.parametrize(
    "raw_path",
    [
        b"http://elsewhere:9000/user",
        b"http://social.example/user",
        b"http://evil@social.example:9000/user",
        b"http://social.example:9000#/user",
        b"ftp://social.example:9000/user",
        b"http:///user",
        b"*",
        b"social.example:9000",
        b"",
    ],
)
def test_any_other_target_is_refused(raw_path: bytes) -> None:
    with pytest.raises(Problem) as caught:
        target.read(scope(raw_path), tls=False)
    assert caught.value.status == 400


def test_an_absolute_target_without_a_host_is_refused() -> None:
    with pytest.raises(Problem):
        target.read(scope(b"http://social.example:9000/user", host=b""), tls=False)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
@pytest.mark.parametrize("raw_path", [b"/user/v1", b"social.example:9000"])
def test_methods_that_are_about_the_way_are_refused(method: str, raw_path: bytes) -> None:
    with pytest.raises(Problem) as caught:
        target.read(scope(raw_path, method=method), tls=False)
    assert caught.value.status == 405
    assert method not in caught.value.headers["Allow"]


@pytest.mark.parametrize("raw_path", [b"/user/v1", b"http://social.example:9000/user/v1"])
def test_where_tls_ends_before_us_the_scheme_is_https(raw_path: bytes) -> None:
    given = scope(raw_path)
    assert target.read(given, tls=True)["scheme"] == "https"
    assert given["scheme"] == "http"
