"""Asking services how they are."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


def get(url: str, *, timeout: float = 2.0) -> tuple[int, bytes]:
    """One GET: its status and body; status 0 where nobody answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def healthy(url: str) -> bool:
    """Whether `GET url/actuator/health` says that the service is up."""
    status, body = get(f"{url}/actuator/health")
    return status == 200 and _parsed(body) == {"status": "UP"}


def details(url: str) -> dict[str, Any]:
    """What `GET url/actuator/health/detail` says; empty where nobody says anything."""
    found = _parsed(get(f"{url}/actuator/health/detail")[1])
    return found if isinstance(found, dict) else {}


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
