"""Requests as the gateway sends them: signed, of somebody."""

from typing import Any

from django.test import Client

from service.identity.signature import HEADER, Identity, Keys

KEY = "an-internal-key-of-the-tests-0123456789"
ADMIN = Identity(actor="user:ops", scopes=frozenset({"admin"}))


def user(number: int, *scopes: str) -> Identity:
    """A user with a token, as the gateway has found out."""
    return Identity(actor=f"user:{number}", scopes=frozenset(scopes))


class As:
    """Asks a service under test in somebody's name. Make it when INTERNAL_KEYS is set."""

    def __init__(self, who: Identity, key: str = KEY) -> None:
        self._who, self._keys, self._client = who, Keys([key]), Client()

    def __call__(self, method: str, path: str, **named: Any) -> Any:
        """Django's response."""
        told = {HEADER: self._keys.sign(self._who, method=method, target=path), **named.pop("headers", {})}
        return self._client.generic(method, path, headers=told, **named)
