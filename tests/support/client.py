"""A thin HTTP client that sends exactly what a test says: no header, no encoding, no retry of its own."""

import http.client
import json
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An HTTP answer, read to its end. Header names are found in any case."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises ValueError where it is none."""
        return json.loads(self.body)

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case; empty where there is none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Client:
    """Speaks to the server at `url`, a new connection for each request, so that any thread may use it."""

    url: str
    timeout: float = 30.0

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request and read its answer. Raises OSError or HTTPException as http.client does."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.timeout)
        try:
            connection.request(method, parts.path + path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(status=response.status, headers=response.headers, body=response.read())
        finally:
            connection.close()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """GET `path`."""
        return self.request("GET", path, headers=headers)

    def post(self, path: str, value: object = None) -> Answer:
        """POST `value` as JSON; an empty body without a content type where it is None."""
        if value is None:
            return self.request("POST", path, b"")
        return self.request("POST", path, json.dumps(value).encode(), JSON)

    def put(self, path: str, value: object) -> Answer:
        """PUT `value` as JSON."""
        return self.request("PUT", path, json.dumps(value).encode(), JSON)
