"""The signed header: what is believed, and what is not."""

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config.environment import InvalidSetting
from service import context
from service.identity import signature
from service.identity.middleware import IdentityMiddleware
from service.identity.signature import HEADER, Identity, Keys, NotTrusted

KEY, OTHER = "k" * 40, "o" * 40
ADA = Identity(actor="user:3", scopes=frozenset({"admin", "read"}))
PUT: dict[str, str] = {"method": "PUT", "target": "/v1/users/3?a=%20b"}


@pytest.mark.parametrize("who", [ADA, Identity(actor="user:3", scopes=frozenset()), Identity()])
def test_who_was_signed_is_who_is_read(who: Identity) -> None:
    keys = Keys([KEY])
    assert keys.verify(keys.sign(who, **PUT), **PUT) == who


@pytest.mark.parametrize(
    "other",
    [
        {"method": "DELETE"},
        {"target": "/v1/users/4?a=%20b"},
        {"target": "/v1/users/3"},
        {"target": "/v1/users/3?a= b"},
    ],
)
def test_it_is_for_one_request_only(other: dict[str, str]) -> None:
    keys = Keys([KEY])
    with pytest.raises(NotTrusted, match="another request"):
        keys.verify(keys.sign(ADA, **PUT), **{**PUT, **other})


def test_another_key_is_not_believed_and_while_it_is_replaced_both_are() -> None:
    old, both, new = Keys([KEY]), Keys([OTHER, KEY]), Keys([OTHER])
    with pytest.raises(NotTrusted, match="another key"):
        new.verify(old.sign(ADA, **PUT), **PUT)
    assert both.verify(old.sign(ADA, **PUT), **PUT) == new.verify(both.sign(ADA, **PUT), **PUT) == ADA


def claims(**changes: Any) -> dict[str, Any]:
    """Those of a header that is believed, changed; None takes one out."""
    now = int(time.time())
    whole = {"sub": "user:3", "aud": "internal", "htm": "PUT", "htu": PUT["target"], "iat": now, "exp": now + 60}
    return {name: value for name, value in (whole | changes).items() if value is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"iat": time.time() + 3600},
        {"aud": "social-network"},
        *({name: None} for name in ("sub", "aud", "htm", "htu", "iat", "exp")),
    ],
)
def test_what_is_old_or_for_others_or_incomplete_is_not_believed(changes: dict[str, Any]) -> None:
    keys = Keys([KEY])
    assert keys.verify(jwt.encode(claims(), KEY, algorithm="HS256"), **PUT).actor == "user:3"
    with pytest.raises(NotTrusted):
        keys.verify(jwt.encode(claims(**changes), KEY, algorithm="HS256"), **PUT)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "e30.e30.", jwt.encode(claims(), "", algorithm="none")])
def test_what_is_not_signed_is_not_believed(text: str) -> None:
    with pytest.raises(NotTrusted):
        Keys([KEY]).verify(text, **PUT)


def test_a_short_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_KEYS", f"{KEY},short")
    with pytest.raises(InvalidSetting, match="INTERNAL_KEYS"):
        signature.keys()


Door = Callable[[HttpRequest], HttpResponse]


def door(monkeypatch: pytest.MonkeyPatch, keys: str) -> Door:
    """The middleware before a view that says who asks."""
    monkeypatch.setenv("INTERNAL_KEYS", keys)
    return IdentityMiddleware(lambda request: HttpResponse(context.current().actor))


def test_nobody_comes_in_unsigned_but_to_what_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    enter, factory = door(monkeypatch, KEY), RequestFactory()
    assert enter(factory.get("/v1/users/3")).status_code == 403
    for path in ("/actuator/health", "/admin/", "/static/x.css"):
        assert enter(factory.get(path)).status_code == 200


def test_who_is_signed_comes_in_as_whom_that_says(monkeypatch: pytest.MonkeyPatch) -> None:
    enter = door(monkeypatch, KEY)
    told = Keys([KEY]).sign(ADA, method="GET", target="/v1/users/3?a=%20b")
    before = context.current()
    try:
        answer = enter(RequestFactory().get("/v1/users/3?a=%20b", headers={HEADER: told}))
        assert (answer.status_code, answer.content) == (200, b"user:3")
        replayed = enter(RequestFactory().get("/v1/users/4", headers={HEADER: told}))
        assert replayed.status_code == 403
    finally:
        context.begin(before)


def test_the_target_is_read_as_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """gunicorn's RAW_URI: what Django has decoded could be several targets."""
    enter = door(monkeypatch, KEY)
    told = Keys([KEY]).sign(ADA, method="GET", target="/v1/users/%33")
    before = context.current()
    try:
        request = RequestFactory().get("/v1/users/3", headers={HEADER: told}, RAW_URI="/v1/users/%33")
        assert enter(request).status_code == 200
    finally:
        context.begin(before)


def test_where_there_is_no_key_everybody_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert door(monkeypatch, "")(RequestFactory().get("/v1/users/3")).status_code == 200
    assert signature.headers("friends", method="GET", target="/v1/users/3") == {}


def test_a_service_signs_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_KEYS", KEY)
    told = signature.headers("friends", method="GET", target="/v1/users/3")[HEADER]
    found = Keys([KEY]).verify(told, method="GET", target="/v1/users/3")
    assert found == Identity(actor="service:friends", scopes=frozenset({"service"}))
