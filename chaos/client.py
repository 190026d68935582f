"""Sends one attempt of a request to the gateway, and reads the answer. Knows no retries: the load does them."""

import json
import re
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

SECONDS = 12.0
_VERSION = re.compile(r'"(\d+)"\Z')


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back. `version`: the entity tag, where it is an aggregate's version."""

    status: int
    body: Any
    version: int | None
    retry_after: float | None


class NoAnswer(Exception):
    """The connection broke, or nothing came in time: whether the command was carried out is not known."""


class Client:
    """One kept connection; for one thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """One attempt. Raises NoAnswer."""
        content = b"" if body is None else json.dumps(body).encode()
        given = dict(headers or {}) | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            self._connection.request(method, path, body=content if method != "GET" else None, headers=given)
            response = self._connection.getresponse()
            return _answer(response.status, dict(response.getheaders()), response.read())
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def _answer(status: int, headers: dict[str, str], content: bytes) -> Answer:
    named = {name.lower(): value for name, value in headers.items()}
    tag = _VERSION.match(named.get("etag", ""))
    retry = named.get("retry-after", "")
    try:
        body = json.loads(content) if content else None
    except ValueError:
        body = None
    return Answer(
        status=status,
        body=body,
        version=int(tag[1]) if tag else None,
        retry_after=float(retry) if retry.isdigit() else None,
    )
