"""Which events there are: their topics, their JSON Schemas, which of their members are personal, how old versions
become new ones.

What is written is checked against the newest version; what is read, against its own, before upcasters bring it up.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import fastjsonschema

from eventsourcing.upcasters import UPCASTERS, Subject, Upcaster

_FILE = re.compile(r"\w+\.v[0-9]+\.json\Z")


class UnknownEventType(Exception):
    """No event of this type and version is registered."""


class SchemaViolation(Exception):
    """A subject does not keep to its schema; the message says where."""


@dataclass(frozen=True, kw_only=True)
class EventType:
    """One type of event in one version of its schema.

    personal: members of the subject that erasure deletes. upcast: brings a subject of this version to the next one.
    """

    type: str
    version: int = 1
    topic: str
    schema: Mapping[str, Any]
    personal: tuple[str, ...] = ()
    upcast: Upcaster | None = None
    _check: Callable[[Any], Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_check", fastjsonschema.compile(dict(self.schema)))

    def check(self, subject: Any) -> None:
        """Raises SchemaViolation where the subject does not keep to this version's schema."""
        try:
            self._check(subject)
        except fastjsonschema.JsonSchemaValueException as error:
            raise SchemaViolation(f"{self.type} v{self.version}: {error.message}") from error


_types: dict[tuple[str, int], EventType] = {}


def register(*types: EventType) -> None:
    """Make the types known to this process; the same type and version again replaces it."""
    for event_type in types:
        _types[event_type.type, event_type.version] = event_type


def find(name: str, version: int) -> EventType:
    """The type in that version. Raises UnknownEventType."""
    try:
        return _types[name, version]
    except KeyError:
        raise UnknownEventType(f"{name} v{version} is not an event that this service knows.") from None


def newest(name: str) -> EventType:
    """The type in its newest version. Raises UnknownEventType."""
    versions = [version for known, version in _types if known == name]
    return find(name, max(versions, default=0))


def all_types() -> list[EventType]:
    """Everything registered, by type and version."""
    return [_types[key] for key in sorted(_types)]


def read(name: str, version: int, subject: Subject) -> tuple[int, Subject]:
    """Check a subject against its version, then upcast it step by step; the newest version and its subject.

    Raises UnknownEventType, SchemaViolation.
    """
    event_type = find(name, version)
    event_type.check(subject)
    while event_type.upcast is not None:
        subject = event_type.upcast(subject)
        event_type = find(name, event_type.version + 1)
        event_type.check(subject)
    return event_type.version, subject


def published() -> Iterator[Mapping[str, Any]]:
    """Every JSON Schema `schemas/<name>.v<version>.json`: this system's published language, by type and version."""
    files = [
        file for file in resources.files("eventsourcing").joinpath("schemas").iterdir() if _FILE.match(file.name)
    ]
    schemas: list[Mapping[str, Any]] = [json.loads(file.read_text("utf-8")) for file in files]
    yield from sorted(schemas, key=lambda schema: (schema["title"], schema["x-version"]))


def envelope_schema() -> Mapping[str, Any]:
    """The JSON Schema of what every message has around its subject."""
    text = resources.files("eventsourcing").joinpath("schemas", "envelope.json").read_text("utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def load_published(*names: str) -> tuple[EventType, ...]:
    """Event types, in every version, from their schema files: topic and personal members stand there as `x-topic` and
    `x-personal`. Raises UnknownEventType for a name without a file."""
    found = tuple(_from_schema(schema) for schema in published() if schema["title"] in names)
    missing = set(names) - {event_type.type for event_type in found}
    if missing:
        raise UnknownEventType(f"There is no schema of {', '.join(sorted(missing))}.")
    return found


def _from_schema(schema: Mapping[str, Any]) -> EventType:
    return EventType(
        type=schema["title"],
        version=schema["x-version"],
        topic=schema["x-topic"],
        personal=tuple(schema.get("x-personal", ())),
        schema=schema,
        upcast=UPCASTERS.get((schema["title"], schema["x-version"])),
    )
