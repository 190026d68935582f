"""The proof of an erasure: every store of a service is looked into, and what it says is told in a line.

A store that cannot be looked into proves nothing, and says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a look into one store gave.

    looked_at: what was gone through. found: what is there and must not be; empty: nothing. awaits: what goes by
    itself, and when. failed: why it could not be looked into.
    """

    store: str
    looked_at: str = ""
    found: str = ""
    awaits: str = ""
    failed: str = ""

    def __str__(self) -> str:
        if self.failed:
            return f"{self.store}: NOT LOOKED INTO: {self.failed}"
        said = f"FOUND {self.found}" if self.found else "nothing"
        return f"{self.store}: {self.looked_at}: {said}" + (f"; awaits {self.awaits}" if self.awaits else "")


# A stream to what its store says.
Probe = Callable[[str], Finding]


class Unreachable(Exception):
    """The store does not answer; the message says what it said."""


_probes: dict[str, tuple[str, Probe]] = {}
_repairs: list[Callable[[str], str]] = []


def register(category: str, **probes: Probe) -> None:
    """Declare the stores of this service that may hold something of erased streams `category-…`, by name."""
    _probes.update({name: (category, probe) for name, probe in probes.items()})


def register_repair(repair: Callable[[str], str]) -> None:
    """Declare what this service can do where something was found; it says what it did, empty: nothing."""
    _repairs.append(repair)


def look(number: int) -> Iterator[Finding]:
    """What each store says of the stream with that number."""
    for name, (category, probe) in _probes.items():
        try:
            yield probe(f"{category}-{number}")
        except Unreachable as error:
            yield Finding(store=name, failed=str(error))


def repair(number: int) -> list[str]:
    """Do what can be done about what was found; a sentence for each thing that was."""
    categories = sorted({category for category, _ in _probes.values()})
    return [said for one in _repairs for category in categories if (said := one(f"{category}-{number}"))]


def counted(number: int, what: str) -> str:
    """`3 rows with names`; empty where there are none."""
    return f"{number} {what}" if number else ""
