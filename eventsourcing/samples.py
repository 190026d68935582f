"""Golden samples: of each event type and version that was ever shipped, one message as it went to Kafka.

They are made once and never edited; `schemas/samples/SHA256SUMS` keeps watch. Whoever consumes our topics must be
able to read each of them for ever: a topic that is kept for ever still has such messages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

import orjson


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A message as it was sent. `name`: that of its file, `user_created.v1`; a variant has a further part."""

    name: str
    topic: str
    key: bytes
    headers: Mapping[str, bytes]
    value: bytes

    @property
    def type(self) -> str:
        """The event's type."""
        return self.name.partition(".")[0].upper()

    @property
    def version(self) -> int:
        """The version of its schema."""
        return int(self.name.split(".")[1].removeprefix("v"))


def folder() -> Traversable:
    """Where they are."""
    return resources.files("eventsourcing").joinpath("schemas", "samples")


def all_samples() -> list[Sample]:
    """Every sample, by name."""
    files = sorted((file for file in folder().iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return [_read(file) for file in files]


def _read(file: Traversable) -> Sample:
    content = orjson.loads(file.read_bytes())
    return Sample(
        name=file.name.removesuffix(".json"),
        topic=content["topic"],
        key=content["key"].encode(),
        headers={name: value.encode() for name, value in content["headers"].items()},
        # The file is laid out for people; on the wire there are no blanks. Order and values are the same.
        value=orjson.dumps(content["value"]),
    )
