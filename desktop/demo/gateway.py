"""A small client of the gateway's API, on the standard library: one kept connection for each thread."""

import http.client
import json
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from desktop.errors import DesktopError

TRIES = 8
LONGEST_PAUSE = 5.0


class Gateway:
    """The API as a client has it; every answer that is not the expected one ends the demo with a sentence."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._local = threading.local()

    def create(self, first: str, last: str) -> int:
        """A new person's id."""
        answer = self._call("POST", "/user/v1/users", {"firstName": first, "lastName": last}, expected=201)
        return int(answer["id"])

    def befriend(self, one: int, other: int) -> None:
        """Makes two people friends."""
        self._call("POST", f"/friend/v1/users/{one}/commands/addFriend?friendId={other}", expected=201)

    def friends(self, user: int) -> list[int]:
        """The ids of a person's friends."""
        return [int(record["friendId"]) for record in self._call("GET", f"/friend/v1/users/{user}/friends")]

    def mutual(self, one: int, other: int) -> list[dict[str, Any]]:
        """The people who are friends of both."""
        path = f"/recommendation/v1/users/{one}/commands/findMutualFriends?friendId={other}"
        return list(self._call("GET", path))

    def recommended(self, user: int, limit: int) -> list[dict[str, Any]]:
        """Whom a person should know: `[{"user": …, "weight": mutual friends}]`, best first."""
        return list(self._call("GET", f"/recommendation/v1/users/{user}/commands/recommendFriends?limit={limit}"))

    def _call(self, method: str, path: str, body: object = None, *, expected: int = 200) -> Any:
        for attempt in range(TRIES):
            status, retry_after, content = self._exchange(method, path, body)
            if status == expected:
                return json.loads(content)
            # 503: not now. The answer says when; anything else would be the same again.
            if status != 503:
                break
            time.sleep(min(LONGEST_PAUSE, retry_after or 0.2 * 2**attempt))
        raise DesktopError(
            f"{method} {self.url}{path} answered {status} instead of {expected}: {content.decode()[:300]}"
        )

    def _exchange(self, method: str, path: str, body: object) -> tuple[int, float, bytes]:
        connection = self._connection()
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, float(answer.headers.get("Retry-After") or 0), answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise DesktopError(f"The gateway at {self.url} does not answer ({error}). ./manage.py status") from error

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._local, "connection"):
            parts = urlsplit(self.url)
            self._local.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        connection: http.client.HTTPConnection = self._local.connection
        return connection
