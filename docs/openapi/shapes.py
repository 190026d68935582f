"""Schemas of what goes over HTTP. Records are those that events carry: theirs are taken from there."""

from collections.abc import Mapping
from typing import Any

from eventsourcing import schema_registry
from service import problems

Schema = dict[str, Any]
MOST = 2**63 - 1
ID: Schema = {"type": "integer", "format": "int64", "minimum": 1, "maximum": MOST}
# What a service takes for a number; that there is nobody of such an id is an answer of its own.
ANY_ID: Schema = {"type": "integer", "format": "int64", "minimum": -MOST - 1, "maximum": MOST}
COUNT: Schema = {"type": "integer", "format": "int64", "minimum": 0, "maximum": MOST}
TEXT: Schema = {"type": "string"}
TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$",
    "examples": ["2026-11-24T19:25:29.363+00:00"],
}
UUID: Schema = {"type": "string", "format": "uuid"}
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
NAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "pattern": f"^[^{_CONTROL}]*[^\\s{_CONTROL}][^{_CONTROL}]*$",
    "description": "Not blank, without control characters; kept as it was sent.",
}
UP_OR_DOWN: Schema = {"enum": ["UP", "DOWN"]}


def record(members: Mapping[str, Any], *, optional: Mapping[str, Any] | None = None) -> Schema:
    """An object with these members. Others may come with a later version: they are not forbidden."""
    return {"type": "object", "required": list(members), "properties": {**members, **(optional or {})}}


def reference(name: str) -> Schema:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def several(name: str) -> Schema:
    """A list of what has that name."""
    return {"type": "array", "items": reference(name)}


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def problem_types() -> list[str]:
    """The types of problem documents that there are, from where they are named."""
    named = [value for value in vars(problems).values() if isinstance(value, str) and value.startswith("/problems/")]
    return ["about:blank", *sorted(named)]


def schemas() -> dict[str, Schema]:
    """All of them by name."""
    return {
        "User": _subject("USER_CREATED"),
        "FriendRecord": _subject("FRIEND_ADDED"),
        "Recommendation": record(
            {"user": reference("User"), "weight": {**ID, "description": "How many mutual friends there are."}}
        ),
        "HistoryEntry": _history_entry(),
        "Event": {name: value for name, value in schema_registry.envelope_schema().items() if name != "$schema"},
        "FeedItem": _feed_item(),
        "Problem": _problem(),
        "Health": record({"status": UP_OR_DOWN}),
        "Readiness": _readiness(),
        "Route": _route(),
    }


def _subject(event: str) -> Schema:
    """What the newest version of an event carries: the record as the API shows it."""
    *_, newest = (schema for schema in schema_registry.published() if schema["title"] == event)
    properties = {
        name: TIME if str(declared.get("pattern", "")).startswith(r"^\d{4}-") else declared
        for name, declared in newest["properties"].items()
    }
    return {"type": "object", "required": newest["required"], "properties": properties}


def _history_entry() -> Schema:
    return record(
        {
            "eventId": UUID,
            "version": ID,
            "eventType": TEXT,
            "schemaVersion": ID,
            "occurredAt": TIME,
            "subject": {"type": "object", "description": "The record after the event, without what was erased."},
            "erased": {"type": "array", "items": TEXT, "description": "Members that were taken from `subject`."},
            "correlationId": {**TEXT, "description": "The request that it stems from (`X-Request-Id`)."},
            "causationId": {"type": ["string", "null"], "description": "The event that it answers to, if any."},
            "actor": TEXT,
        }
    )


def _feed_item() -> Schema:
    published = record({"topic": TEXT, "partition": COUNT, "offset": COUNT}, optional={"at": TIME})
    return record(
        {
            "cursor": {**TEXT, "description": "The place behind this item."},
            "event": reference("Event"),
            "stored": record({"at": TIME}),
            "published": published,
        },
        optional={
            "received": {**record({"at": TIME, "position": ID}), "description": "In recommendations only."},
            "projected": {
                **or_null(record({"at": or_null(TIME)})),
                "description": "In recommendations only; null until the event is in the graph.",
            },
        },
    )


def _problem() -> Schema:
    """RFC 9457, with the members that the reference system's clients look for."""
    status = {"type": "integer", "minimum": 400, "maximum": 599}
    fault = record({"field": TEXT, "message": TEXT})
    return record(
        {
            "type": {"enum": problem_types()},
            "title": TEXT,
            "status": status,
            "detail": TEXT,
            "instance": {**TEXT, "description": "As `path`."},
            "timestamp": TIME,
            "path": {**TEXT, "description": "As who answers got it: of a service, without the gateway's prefix."},
            "error": TEXT,
            "requestId": TEXT,
        },
        optional={"errors": {"type": "array", "items": fault, "description": "Where fields are to blame."}},
    )


def _readiness() -> Schema:
    service = record({"status": UP_OR_DOWN, "instances": COUNT})
    return record({"status": UP_OR_DOWN, "services": {"type": "object", "additionalProperties": service}})


def _route() -> Schema:
    predicate = record({"name": TEXT, "args": {"type": "object"}})
    return record(
        {
            "route_id": TEXT,
            "uri": TEXT,
            "predicate": TEXT,
            "predicates": {"type": "array", "items": predicate},
            "filters": {"type": "array", "items": TEXT},
            "metadata": record({"instances": COUNT}),
            "order": {"type": "integer"},
        }
    )
