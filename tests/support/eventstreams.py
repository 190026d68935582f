"""A client of server-sent events, as a browser's EventSource is one: it reads, and goes on behind the last id."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


class Follower:
    """One open stream."""

    def __init__(self, url: str, path: str = "/v1/events", *, last: str | None = None) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
        self.connection.request("GET", parts.path + path, headers=headers)
        self.response = self.connection.getresponse()
        self.last = last

    @property
    def status(self) -> int:
        """Of the answer."""
        return self.response.status

    def line(self) -> str | None:
        """The next line without its end; None where the stream has ended."""
        found = self.response.readline()
        return found.decode().removesuffix("\n") if found else None

    def event(self) -> dict[str, Any]:
        """The next event's data. Fails where the stream ends first."""
        while (line := self.line()) is not None:
            name, _, value = line.partition(": ")
            if name == "id":
                self.last = value
            elif name == "data":
                found: dict[str, Any] = json.loads(value)
                assert found["cursor"] == self.last
                return found
        raise AssertionError("the stream has ended")

    def events(self, count: int) -> list[dict[str, Any]]:
        """The next events."""
        return [self.event() for _ in range(count)]

    def close(self) -> None:
        """Leave."""
        self.response.close()
        self.connection.close()
