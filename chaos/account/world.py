"""What must be there, computed from the ledger alone."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.account.ledger import ADD, CREATE, DELETE, REMOVE, UPDATE, Attempt, Ledger, Request

EVENT = {
    CREATE: "USER_CREATED",
    UPDATE: "USER_UPDATED",
    DELETE: "USER_DELETED",
    ADD: "FRIEND_ADDED",
    REMOVE: "FRIEND_REMOVED",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tie:
    """A friendship as it must be in the end: the record of the last addFriend, and whether it goes on."""

    low: int
    high: int
    version: int
    active: bool
    record: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Accepted commands of each stream in the order of the versions they were answered with, and what follows.

    `nowhere`: commands that were accepted, and nothing says what they did.
    """

    streams: Mapping[str, Sequence[Request]]
    nowhere: Sequence[Request] = ()

    @property
    def departed(self) -> dict[int, Request]:
        """Who was deleted, by id, and by which command."""
        return {int(stream[5:]): last for stream, last in self._last("user-") if last.kind == DELETE}

    @property
    def people(self) -> dict[int, Mapping[str, Any]]:
        """Each user's last record, by id; deleted ones are not there."""
        return {
            int(stream.partition("-")[2]): last.accepted.body
            for stream, last in self._last("user-")
            if last.accepted and last.kind != DELETE
        }

    @property
    def ties(self) -> list[Tie]:
        """Every friendship that there ever was."""
        found = []
        for stream, last in self._last("friendship-"):
            low, high = map(int, stream.split("-")[1:])
            added = [one for one in self.streams[stream] if one.kind == ADD and one.accepted]
            record = (added[-1].accepted.body if added and added[-1].accepted else None) or {}
            found.append(Tie(low=low, high=high, version=version(last), active=last.kind == ADD, record=record))
        return found

    def _last(self, prefix: str) -> Iterator[tuple[str, Request]]:
        for stream, requests in self.streams.items():
            if stream.startswith(prefix):
                yield stream, requests[-1]

    def versions(self, prefix: str) -> dict[str, int]:
        """The last version of each stream of that kind."""
        return {stream: version(last) for stream, last in self._last(prefix)}


def version(request: Request) -> int:
    """The version that an accepted command was answered with; 0 where the answer had none."""
    return (request.accepted.version if request.accepted else 0) or 0


def of(ledger: Ledger, events: Sequence[Mapping[str, Any]] = ()) -> World:
    """The world that the ledger's accepted commands have made.

    The stored events are asked only for what no answer says: which version a command made whose answer has none (a
    deletion) or was erased, found by the request id that the event carries; and which friendships a deletion ended.
    """
    streams: dict[str, list[Request]] = {}
    nowhere = []
    by_request = {event["correlation"].rpartition(".")[0]: event for event in events if not event["causation"]}
    for request in ledger.accepted:
        _find(request, by_request.get(request.name))
        if request.stream and version(request):
            streams.setdefault(request.stream, []).append(request)
        else:
            nowhere.append(request)
    for ending in _endings(events, streams):
        streams.setdefault(ending.stream, []).append(ending)
    return World(streams={name: sorted(requests, key=version) for name, requests in streams.items()}, nowhere=nowhere)


def _find(request: Request, event: Mapping[str, Any] | None) -> None:
    if request.accepted and request.accepted.version is None and event is not None:
        request.accepted.version, request.found_in = event["version"], event["stream"]


def _endings(events: Sequence[Mapping[str, Any]], streams: Mapping[str, Sequence[Request]]) -> Iterator[Request]:
    """The ends of friendships that followed from a deletion, each as if somebody had asked for it then."""
    deletions = {event["event_id"]: event["stream"] for event in events if event["type"] == EVENT[DELETE]}
    for event in events:
        stream = deletions.get(event["causation"] or "", "")
        deleted = [one for one in streams.get(stream, ()) if one.kind == DELETE]
        pair = event["stream"].split("-")[1:]
        if event["type"] == EVENT[REMOVE] and deleted and stream.removeprefix("user-") in pair:
            attempt = Attempt(number=1, sent=deleted[0].began, status=204, version=event["version"])
            user, friend = map(int, pair)
            yield Request(
                number=-event["position"],
                kind=REMOVE,
                user=user,
                friend=friend,
                attempts=[attempt],
                cause=deleted[0].name,
            )


class Friends:
    """Who is whose friend in the end, and what follows for the two questions of the recommendations service."""

    def __init__(self, world: World) -> None:
        self.people = world.people
        self._of: dict[int, set[int]] = {}
        for tie in world.ties:
            if tie.active:
                self._of.setdefault(tie.low, set()).add(tie.high)
                self._of.setdefault(tie.high, set()).add(tie.low)

    def of(self, user: int) -> set[int]:
        """The user's friends."""
        return self._of.get(user, set())

    def recommended(self, user: int, limit: int = 20) -> list[tuple[int, int]]:
        """(id, weight) of the user's friends' friends who are not its own: most mutual friends first, then by id."""
        weights = Counter(other for friend in self.of(user) for other in self.of(friend))
        chosen = [(other, weight) for other, weight in weights.items() if other not in self.of(user) | {user}]
        return sorted(chosen, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def mutual(self, one: int, other: int) -> list[int]:
        """Ids of those who are both's friends, in rising order."""
        return sorted(self.of(one) & self.of(other))
