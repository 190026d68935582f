"""Netflix's own client, as it was recorded (`netflix/record.py` says how): its bodies byte for byte, our answers."""

import json
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from django.test import Client

from tests.integration.registry.netflix.record import RECORDING

pytestmark = pytest.mark.django_db
# What the registry's clock and numbering say.
TIMES = frozenset(
    {
        "lastUpdatedTimestamp",
        "registrationTimestamp",
        "lastRenewalTimestamp",
        "serviceUpTimestamp",
        "versions__delta",
    }
)


def calls() -> list[dict[str, Any]]:
    """As they came."""
    found: list[dict[str, Any]] = json.loads(RECORDING.read_text())["calls"]
    return found


def send(client: Client, call: dict[str, Any]) -> Any:
    """The same again."""
    headers = {name: value for name, value in call["headers"].items() if name != "Content-Type"}
    return client.generic(
        call["method"],
        call["path"],
        call["body"],
        content_type=call["headers"].get("Content-Type", ""),
        headers=headers,
    )


def meaning(body: str, kind: str) -> Any:
    """An answer without its times, for comparing."""
    if kind == "application/json":
        return timeless(json.loads(body))
    if kind == "application/xml":
        root = ElementTree.fromstring(body)  # noqa: S314 -- ours
        for element in root.iter():
            if element.tag in TIMES:
                element.text = ""
        return ElementTree.tostring(root)
    return body and json.loads(body)["status"]


def timeless(value: Any) -> Any:
    """JSON without its times."""
    if isinstance(value, dict):
        return {name: timeless(member) for name, member in value.items() if name not in TIMES}
    return [timeless(member) for member in value] if isinstance(value, list) else value


def test_every_call_is_answered_as_the_client_understood_it(client: Client) -> None:
    for number, call in enumerate(calls()):
        answer = send(client, call)
        where = f"{number}: {call['method']} {call['path']} of {call['headers']['User-Agent']}"
        assert answer.status_code == call["status"], (where, answer.content)
        assert answer.headers.get("Content-Type", "") == call["type"], where
        assert meaning(answer.content.decode(), call["type"]) == meaning(call["answer"], call["type"]), where


def test_a_renewal_that_is_not_known_is_a_404_without_a_body(client: Client) -> None:
    # Netflix's client reads whatever body a renewal's answer has as an instance, and does not come to register.
    for call in calls():
        if operation(call) == ("PUT", "instance") and call["status"] == 404:
            answer = send(client, call)
            assert (answer.status_code, answer.content) == (404, b"")


def test_every_operation_was_recorded_with_each_codec() -> None:
    made = {(codec(call), *operation(call)) for call in calls()}
    changing = {("POST", "app"), ("DELETE", "instance")}
    reading = {("GET", name) for name in ("apps", "delta", "app", "instance")}
    others = {("PUT", "instance"), ("PUT", "status"), ("DELETE", "status")}
    others |= {("GET", name) for name in ("instances", "vips", "svips")}
    assert made == {("json", *one) for one in changing | reading | others} | {
        ("xml", *one) for one in changing | reading
    }
    registered = {call["body"].partition("127.0.0.1:")[2].partition(":")[0] for call in calls() if call["body"]}
    assert registered == {"JacksonJson", "XStreamJson", "XStreamXml", "lifetime"}


def codec(call: dict[str, Any]) -> str:
    """What the client asks for."""
    return "xml" if "xml" in call["headers"].get("Accept", "") else "json"


def operation(call: dict[str, Any]) -> tuple[str, str]:
    """Which of the protocol's operations it is."""
    parts = urlsplit(call["path"]).path.removeprefix("/eureka/v2/").strip("/").split("/")
    if parts[0] != "apps":
        return call["method"], parts[0]
    return call["method"], "delta" if parts[-1] == "delta" else ("apps", "app", "instance", "status")[len(parts) - 1]
