"""Consistency tokens: which version of which stream somebody has seen, so that a projection can catch up with them.

A token is a set of lower bounds: (service, stream) → version. Two are merged by taking the higher version of each;
that is a join, so the order in which a client collects them says nothing. In HTTP it is a List of RFC 9651:

    Consistency-Token: "user-42";service=users;version=3, "friendship-7-42";service=friends;version=1

It is neither secret nor trusted: a made-up one can only make its own reader wait.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import http_sf

MOST_MEMBERS, MOST_BYTES = 32, 4096
MOST_VERSION = 2**31 - 1
_STREAM = re.compile(r"[ -~]{1,200}\Z")
_SERVICE = re.compile(r"[a-z][a-z0-9-]{0,62}\Z")


class Unreadable(Exception):
    """A text is not a token, or one that is too large; the message says why."""


class Source(NamedTuple):
    """A stream, and the service that it belongs to."""

    service: str
    stream: str


@dataclass(frozen=True, slots=True)
class Token:
    """The versions that somebody has seen, by stream; each from 1 up."""

    versions: Mapping[Source, int] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether it is small enough to be sent, and to be taken."""
        return len(self.versions) <= MOST_MEMBERS and len(self.render()) <= MOST_BYTES

    def merged(self, other: "Token") -> "Token":
        """What either of the two has seen: of each stream the higher version."""
        return Token(_highest([*self.versions.items(), *other.versions.items()]))

    def render(self) -> str:
        """The token as a header's value: members in one order, so that equal tokens look alike; empty without any."""
        members = [_member(source, version) for source, version in sorted(self.versions.items())]
        return http_sf.ser(members) if members else ""


def _highest(pairs: Iterable[tuple[Source, int]]) -> dict[Source, int]:
    found: dict[Source, int] = {}
    for source, version in pairs:
        found[source] = max(version, found.get(source, 0))
    return found


def _member(source: Source, version: int) -> Any:
    return source.stream, {"service": http_sf.Token(source.service), "version": version}


def parse(text: str) -> Token:
    """The token that `render` wrote; parameters that nobody knows yet are ignored, as RFC 9651 wants it.

    Raises Unreadable.
    """
    if len(text) > MOST_BYTES:
        raise Unreadable(f"it is longer than {MOST_BYTES} bytes")
    try:
        members: Any = http_sf.parse(text.encode(), tltype="list")
    except ValueError as error:
        raise Unreadable(f"it is not a list of structured fields (RFC 9651): {error}") from error
    if len(members) > MOST_MEMBERS:
        raise Unreadable(f"it has more than {MOST_MEMBERS} members")
    return Token(_highest(_read(member) for member in members))


def _read(member: Any) -> tuple[Source, int]:
    stream, parameters = member if isinstance(member, tuple) else (member, {})
    service, version = parameters.get("service"), parameters.get("version")
    if not isinstance(stream, str) or not _STREAM.match(stream):
        raise Unreadable("a member must be a string of 1 to 200 characters, the name of a stream")
    if not isinstance(service, http_sf.Token) or not _SERVICE.match(str(service)):
        raise Unreadable(f"{stream}: the parameter service must be the name of a service")
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= MOST_VERSION:
        raise Unreadable(f"{stream}: the parameter version must be a whole number from 1 to {MOST_VERSION}")
    return Source(str(service), stream), version
