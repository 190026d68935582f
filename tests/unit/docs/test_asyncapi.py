"""The AsyncAPI document: valid by AsyncAPI's own schema, complete, and true of the golden samples."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from docs import asyncapi
from eventsourcing.samples import Sample, all_samples

DOCUMENT: dict[str, Any] = json.loads(asyncapi.FILE.read_text("utf-8"))
PUBLISHED = Path(__file__).parent / "asyncapi" / "3.0.0-without-id.json.gz"
EVERY = pytest.mark.parametrize("sample", all_samples(), ids=lambda sample: sample.name)


def refused(document: dict[str, Any]) -> list[str]:
    """What AsyncAPI's schema says against it."""
    schema = json.loads(gzip.decompress(PUBLISHED.read_bytes()))
    return [error.message for error in Draft7Validator(schema).iter_errors(document)]


def test_it_is_valid_by_asyncapis_own_schema() -> None:
    assert refused(DOCUMENT) == []
    assert refused(DOCUMENT | {"servers": {"kafka": {"host": "localhost"}}}) != []
    assert refused({name: value for name, value in DOCUMENT.items() if name != "info"}) != []


def _resolved(value: Any) -> Any:
    """With what its references lead to put in their place. Raises KeyError for one that leads nowhere."""
    if isinstance(value, dict) and "$ref" in value:
        found: Any = DOCUMENT
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return _resolved(found)
    if isinstance(value, dict):
        return {name: _resolved(inner) for name, inner in value.items()}
    return [_resolved(inner) for inner in value] if isinstance(value, list) else value


def _message(sample: Sample) -> Any:
    return _resolved(DOCUMENT["channels"][sample.topic])["messages"][f"{sample.type}.v{sample.version}"]


@EVERY
def test_a_sample_keeps_to_its_message(sample: Sample) -> None:
    message, value = _message(sample), json.loads(sample.value)
    headers = {name: content.decode() for name, content in sample.headers.items()}
    Draft7Validator(message["headers"]).validate(headers)
    Draft7Validator(message["bindings"]["kafka"]["key"]).validate(sample.key.decode())
    Draft7Validator(message["payload"]).validate(value)
    assert {"name": sample.name, "headers": headers, "payload": value} in message["examples"]


@EVERY
def test_a_message_without_a_member_or_of_another_type_does_not(sample: Sample) -> None:
    check, value = Draft7Validator(_message(sample)["payload"]), json.loads(sample.value)
    for name in value:
        # The one member that the reference's consumers of the other topic must not be promised.
        if name != "friendMessage":
            assert not check.is_valid({other: value[other] for other in value if other != name}), name
    for name in value["subject"]:
        rest = {other: value["subject"][other] for other in value["subject"] if other != name}
        assert not check.is_valid(value | {"subject": rest}), name
    assert not check.is_valid(value | {"eventType": "SOMETHING_ELSE"})


def test_every_channel_has_its_operation_and_its_topics_settings() -> None:
    topics = {topic.name: topic for topic in asyncapi.topics().values()}
    assert set(DOCUMENT["channels"]) == set(topics)
    told = {one["channel"]["$ref"] for one in DOCUMENT["operations"].values()}
    assert told == {f"#/channels/{name}" for name in topics}
    for name, topic in topics.items():
        settings = DOCUMENT["channels"][name]["bindings"]["kafka"]["topicConfiguration"]
        assert set(settings) == set(topic.settings)
