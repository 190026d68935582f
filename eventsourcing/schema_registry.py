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

    personal: members of the subject that erasure deletes. erasure: the stream ends with such an event, and the
    personal members of all its events are gone. upcast: brings a subject of this version to the next one.
    """

    type: str
    version: int = 1
    topic: str
    schema: Mapping[str, Any]
    personal: tuple[str, ...] = ()
    erasure: bool = False
    upcast: Upcaster | None = None
    _check: Callable[[Any], Any] = field(init=False, repr=False, compare=False)
    _check_erased: Callable[[Any], Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        whole = fastjsonschema.compile(dict(self.schema))
        rest = fastjsonschema.compile(self._schema_without_personal()) if self.personal else whole
        object.__setattr__(self, "_check", whole)
        object.__setattr__(self, "_check_erased", rest)

    def _schema_without_personal(self) -> dict[str, Any]:
        required = [name for name in self.schema.get("required", ()) if name not in self.personal]
        properties = self.schema.get("properties", {})
        kept = {name: declared for name, declared in properties.items() if name not in self.personal}
        return {**self.schema, "required": required, "properties": kept}

    @property
    def plain(self) -> frozenset[str]:
        """The declared members that are not personal."""
        return frozenset(self.schema.get("properties", ())) - frozenset(self.personal)

    def lacking(self, subject: Mapping[str, Any]) -> tuple[str, ...]:
        """The personal members that a subject must have and has not: they were erased."""
        required = self.schema.get("required", ())
        return tuple(name for name in self.personal if name in required and name not in subject)

    def check(self, subject: Any, *, erased: bool = False) -> None:
        """Raises SchemaViolation where the subject (without its personal members: `erased`) breaks the schema."""
        try:
            (self._check_erased if erased else self._check)(subject)
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


def erasures() -> frozenset[str]:
    """The types of events that end a stream and erase its personal members."""
    return frozenset(event_type.type for event_type in _types.values() if event_type.erasure)


def lacking(name: str, version: int, subject: Mapping[str, Any]) -> tuple[str, ...]:
    """The personal members that were erased from a subject; of a type that nobody registered, none."""
    event_type = _types.get((name, version))
    return event_type.lacking(subject) if event_type else ()


def plain(name: str, version: int) -> frozenset[str]:
    """The declared members that are not personal; of a type that nobody registered, those of all others."""
    known = _types.get((name, version))
    if known is not None:
        return known.plain
    plain_somewhere = {member for one in _types.values() for member in one.plain}
    return frozenset(plain_somewhere - {member for one in _types.values() for member in one.personal})


def read(name: str, version: int, subject: Subject, *, erased: bool = False) -> tuple[int, Subject]:
    """Check a subject against its version, then upcast it step by step; the newest version and its subject.

    One from which personal members were erased keeps its version: an upcaster may need what is gone.
    Raises UnknownEventType, SchemaViolation.
    """
    event_type = find(name, version)
    event_type.check(subject, erased=erased)
    if erased:
        return version, subject
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
    """Event types, in every version, from their schema files: what JSON Schema has no word for stands there as
    `x-topic`, `x-personal`, `x-erasure`. Raises UnknownEventType for a name without a file."""
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
        erasure=bool(schema.get("x-erasure", False)),
        schema=schema,
        upcast=UPCASTERS.get((schema["title"], schema["x-version"])),
    )
