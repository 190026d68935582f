"""The published events as an AsyncAPI document (https://www.asyncapi.com/docs/reference/specification/v3.0.0), made
from what the services declare: topics, schemas, golden samples."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eventsourcing import schema_registry
from eventsourcing.samples import Sample, all_samples
from eventsourcing.topics import Topic
from friends import events as friends
from users import events as users

Schema = Mapping[str, Any]
BINDING = "0.5.0"
BASE = Path(__file__).resolve().parent.parent
# The gateway serves it; it may not import what it is made from.
FILE = BASE / "gateway" / "documents" / "asyncapi.json"

DESCRIPTION = """\
What the domain services publish on Kafka. Delivery is at least once: a repeat has the same `eventId`. The events of \
one stream are in one partition, in order; there is no order across streams. Members may be added, never renamed or \
dropped: ignore what you do not know. docs/reference/events.md says more.\
"""
HEADERS = {
    "type": "object",
    "required": ["event-id", "event-type", "schema-version", "traceparent"],
    "properties": {
        "event-id": {"type": "string", "format": "uuid", "description": "As `eventId`."},
        "event-type": {"type": "string", "description": "As `eventType`."},
        "schema-version": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "As `schemaVersion`."},
        "traceparent": {"type": "string", "description": "As `traceparent`."},
    },
}
KEY = {"type": "string", "description": "What stands behind the first - of the stream: 42, 3-4."}
SERVER = {
    "host": "{bootstrap}",
    "protocol": "kafka",
    "description": "The brokers; KAFKA_BOOTSTRAP_SERVERS of the services.",
    "variables": {"bootstrap": {"default": "127.0.0.1:9092", "description": "host:port of a broker to begin with"}},
}


def document() -> dict[str, Any]:
    """The document as JSON values."""
    schemas, owned = list(schema_registry.published()), topics()
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {"kafka": SERVER},
        "channels": {topic.name: _channel(topic, schemas) for topic in owned.values()},
        "operations": {f"publish-{topic.name}": _operation(service, topic) for service, topic in owned.items()},
        "components": {
            "messages": {_name(schema): _message(schema) for schema in schemas},
            "schemas": {
                "envelope": _portable(schema_registry.envelope_schema()),
                **{f"{_name(schema)}.subject": _portable(schema) for schema in schemas},
            },
        },
    }


def text() -> str:
    """The document as its file has it."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _info() -> dict[str, Any]:
    project = tomllib.loads((BASE / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        "title": "Event-sourced social network",
        "version": project["version"],
        "description": DESCRIPTION,
        "license": {"name": project["license"], "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    }


def topics() -> dict[str, Topic]:
    """By service, the topic that it owns."""
    return {"users": users.TOPIC, "friends": friends.TOPIC}


def _operation(service: str, topic: Topic) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"The {service} service tells what has happened.",
    }


def _channel(topic: Topic, schemas: Sequence[Schema]) -> dict[str, Any]:
    names = [_name(schema) for schema in schemas if schema["x-topic"] == topic.name]
    # Types as the Kafka binding of AsyncAPI has them.
    settings: dict[str, Any] = {
        name: int(value) if name.endswith(".ms") else value for name, value in topic.settings.items()
    }
    settings["cleanup.policy"] = settings["cleanup.policy"].split(",")
    return {
        "address": topic.name,
        "description": "TOPIC_PREFIX of the services stands before the name, where it is set.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": {"topicConfiguration": settings, "bindingVersion": BINDING}},
    }


def _name(schema: Schema) -> str:
    return f"{schema['title']}.v{schema['x-version']}"


def _message(schema: Schema) -> dict[str, Any]:
    return {
        "name": schema["title"],
        "title": f"{schema['title']}, version {schema['x-version']}",
        "summary": schema["description"],
        "description": schema["x-when"],
        "headers": HEADERS,
        "payload": {"allOf": [{"$ref": "#/components/schemas/envelope"}, _filled(schema)]},
        "bindings": {"kafka": {"key": KEY, "bindingVersion": BINDING}},
        "examples": [_example(sample) for sample in all_samples() if _is_of(sample, schema)],
    }


def _is_of(sample: Sample, schema: Schema) -> bool:
    return (sample.type, sample.version) == (schema["title"], schema["x-version"])


def _filled(schema: Schema) -> dict[str, Any]:
    """What this type and version puts into the envelope; of one that can be erased, also how it looks then."""
    whole = _with_subject(schema, {"$ref": f"#/components/schemas/{_name(schema)}.subject"})
    personal = schema.get("x-personal", ())
    if not personal:
        return whole
    nothing = {member: {"type": "null"} for member in personal}
    erased = {"type": "object", "required": schema["required"], "properties": {**schema["properties"], **nothing}}
    return {"anyOf": [whole, {**_with_subject(schema, erased), "required": ["erased"]}]}


def _with_subject(schema: Schema, subject: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "eventType": {"const": schema["title"]},
            "schemaVersion": {"const": schema["x-version"]},
            "subject": subject,
        },
    }


def _example(sample: Sample) -> dict[str, Any]:
    return {
        "name": sample.name,
        "headers": {name: value.decode() for name, value in sample.headers.items()},
        "payload": json.loads(sample.value),
    }


def _portable(schema: Schema) -> dict[str, Any]:
    """A schema inside of another document: without the mark of what it is written in, which AsyncAPI implies."""
    return {name: value for name, value in schema.items() if name != "$schema"}
