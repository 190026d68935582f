"""A consumer like those of the reference system reads each golden sample: its members, its types, nothing of ours.

Java's `int` and `long`, its enum of event types; a member that it does not know it ignores, one that is missing or of
another type makes it fail.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
import pytest

from eventsourcing import samples
from eventsourcing.samples import Sample

Check = Callable[[Any], bool]


def whole(bits: int) -> Check:
    """A signed integer of so many bits."""
    return lambda value: type(value) is int and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def text(value: Any) -> bool:
    """A string."""
    return isinstance(value, str)


def iso(value: Any) -> bool:
    """A time in ISO 8601 with an offset, as the API shows it."""
    return text(value) and datetime.fromisoformat(value).tzinfo is not None


def epoch(value: Any) -> bool:
    """Milliseconds since 1970, or null."""
    return value is None or whole(64)(value)


def name(value: Any) -> bool:
    """A string, or null: so it has users whose name was never given, and reads those that were erased."""
    return value is None or text(value)


USER = {"id": whole(64), "firstName": name, "lastName": name, "createdAt": iso, "lastModified": iso}
FRIEND = {"id": whole(64), "userId": whole(64), "friendId": whole(64), "createdAt": iso, "updatedAt": iso}
ENVELOPE = {"id": whole(32), "eventType": text, "createdAt": epoch, "lastModified": epoch}
SUBJECTS: Mapping[str, Mapping[str, Check]] = {
    "USER_CREATED": USER,
    "USER_UPDATED": USER,
    "FRIEND_ADDED": FRIEND,
    "FRIEND_REMOVED": FRIEND,
}


def wrong(value: Mapping[str, Any], members: Mapping[str, Check]) -> list[str]:
    """The members that are missing or of another type."""
    return [member for member, check in members.items() if member not in value or not check(value[member])]


KNOWN = [sample for sample in samples.all_samples() if sample.type in SUBJECTS]


@pytest.mark.parametrize("sample", KNOWN, ids=lambda sample: sample.name)
def test_the_reference_systems_consumer_reads_it(sample: Sample) -> None:
    message = orjson.loads(sample.value)
    assert wrong(message, ENVELOPE) == []
    assert message["eventType"] == sample.type
    assert wrong(message["subject"], SUBJECTS[sample.type]) == []
    if sample.topic == "friend":
        assert message["friendMessage"] is None


def test_it_has_met_every_type_that_it_knows() -> None:
    assert {sample.type for sample in KNOWN} == set(SUBJECTS)
