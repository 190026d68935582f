"""Whose recommendations somebody may see, decided in the service itself."""

import pytest
from django.test import Client

from service.identity.signature import Identity
from tests.support.identity import ADMIN, KEY, As, user

pytestmark = pytest.mark.django_db(transaction=True)
OF_ONE = ["/v1/users/1/commands/recommendFriends", "/v1/users/1/commands/findMutualFriends?friendId=2"]


@pytest.fixture(autouse=True)
def _signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_KEYS", KEY)


@pytest.mark.parametrize("path", OF_ONE)
@pytest.mark.parametrize(("who", "status"), [(user(1), 200), (ADMIN, 200), (user(2), 403), (user(11), 403)])
def test_they_are_the_users_own(path: str, who: Identity, status: int) -> None:
    assert As(who)("GET", path).status_code == status


@pytest.mark.parametrize("path", [*OF_ONE, "/v1/events"])
def test_called_directly_it_answers_nothing(path: str) -> None:
    assert Client().get(path).status_code == 403


@pytest.mark.parametrize(("who", "status"), [(user(1), 403), (ADMIN, 200)])
def test_the_feed_is_for_an_admin(who: Identity, status: int) -> None:
    assert As(who)("GET", "/v1/events").status_code == status
