"""Whatever happens, in whatever order: a client that applies deltas to what it has gets what a full fetch gives."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import commands, eviction, queries
from registry.models import Change, Lease, Pulse
from tests.integration.registry.leases import forget_changes, pass_time, register

pytestmark = pytest.mark.django_db

APPS = ("ORDERS", "PEOPLE")
IDS = tuple("abcdef")
STATUSES = ("UP", "DOWN", "STARTING", "OUT_OF_SERVICE")
# Changes with every renewal, which is no change.
VOLATILE = ("actionType", "leaseInfo")

named = st.tuples(st.sampled_from(APPS), st.sampled_from(IDS))
status = st.sampled_from(STATUSES)
happening = st.one_of(
    st.tuples(st.just("register"), named, status),
    st.tuples(st.just("cancel"), named),
    st.tuples(st.just("override"), named, status),
    st.tuples(st.just("give back"), named, st.none() | status),
    st.tuples(st.just("metadata"), named, st.sampled_from(("1", "2"))),
    st.tuples(st.just("renew"), named),
    st.tuples(st.just("fall silent"), st.sets(st.sampled_from(IDS), min_size=1)),
    st.tuples(st.just("look")),
    st.tuples(st.just("look and forget")),
)


@dataclass(slots=True)
class Reader:
    """A client as Netflix's: one full fetch, then deltas."""

    known: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    version: int = -1

    def fetch(self) -> None:
        """Everything."""
        found = queries.applications()["applications"]
        self.known, self.version = everything(found), int(found["versions__delta"])

    def look(self) -> None:
        """What changed; afterwards it must be what everybody else sees."""
        found = queries.delta()["applications"]
        for application in found["application"]:
            for entry in application["instance"]:
                key = (application["name"], entry["instanceId"])
                if entry["actionType"] == "DELETED":
                    self.known.pop(key, None)
                else:
                    self.known[key] = steady(entry)
        assert int(found["versions__delta"]) >= self.version
        self.version = int(found["versions__delta"])
        whole = queries.applications()["applications"]
        assert self.known == everything(whole)
        assert self.hash_code() == found["apps__hashcode"] == whole["apps__hashcode"]

    def hash_code(self) -> str:
        """As clients count it."""
        counted = Counter(entry["status"] for entry in self.known.values())
        return "".join(f"{name}_{number}_" for name, number in sorted(counted.items()))


def everything(found: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """The instances of an answer."""
    return {
        (application["name"], entry["instanceId"]): steady(entry)
        for application in found["application"]
        for entry in application["instance"]
    }


def steady(entry: dict[str, Any]) -> dict[str, Any]:
    """Without what changes by itself."""
    return {name: value for name, value in entry.items() if name not in VOLATILE}


def happen(reader: Reader, what: str, *given_: Any) -> None:
    """One of the things that can happen to a registry, or the reader's look at it."""
    match what, given_:
        case "register", ((app, instance_id), said):
            register(app, instance_id, status=said)
        case "cancel", ((app, instance_id),):
            commands.cancel(app, instance_id)
        case "override", ((app, instance_id), said):
            commands.override_status(app, instance_id, said)
        case "give back", ((app, instance_id), said):
            commands.remove_override(app, instance_id, said)
        case "metadata", ((app, instance_id), value):
            commands.add_metadata(app, instance_id, {"key": value})
        case "renew", ((app, instance_id),):
            commands.renew(app, instance_id)
        case "fall silent", (ids,):
            pass_time(16, *ids)
            eviction.turn()
        case "look", _:
            reader.look()
        case _:
            # What it has seen may be forgotten.
            reader.look()
            forget_changes(600)


@given(st.lists(happening, max_size=30), st.integers(0, 10))
def test_who_applies_deltas_has_what_a_full_fetch_gives(happenings: list[Any], joins_after: int) -> None:
    for table in (Lease, Change, Pulse):
        table.objects.all().delete()
    reader = Reader()
    eviction.turn()
    for what in happenings[:joins_after]:
        if not what[0].startswith("look"):
            happen(reader, *what)
    reader.fetch()
    for what in happenings[joins_after:]:
        happen(reader, *what)
    reader.look()
