"""A batch of the log on its way into the graph: what comes next, what of it is poison."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from eventsourcing import deadletters, envelope
from eventsourcing import metrics as core
from eventsourcing.deadletters import Letter, said_by
from eventsourcing.event import key_of
from recommendations import graph, log, metrics, projection
from recommendations.events import Change, Gone, change
from recommendations.log import PROJECTOR, Entry, Mark, Place
from recommendations.projection import CheckpointMoved, Checkpoints
from service import clock

logger = logging.getLogger(__name__)
SIZE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Entries of the log in order, and where the checkpoints are once they are in the graph. `foreign`: partitions
    whose checkpoints were made from another log."""

    entries: Sequence[Entry]
    moves: Checkpoints
    foreign: Sequence[Place] = ()


Decided = list[tuple[Entry, Change]]


def following(checkpoints: Checkpoints, size: int = SIZE) -> Batch:
    """What comes after the checkpoints: of each partition at most `size` entries.

    A checkpoint whose event does not stand in the log where it should was made from another log (lost, restored,
    filled anew); that partition is read from its beginning.
    """
    changed = {place: end for place, end in log.ends().items() if end != checkpoints.get(place)}
    found = log.follow({place: _start(checkpoints, place) for place in changed}, limit=size + 1)
    foreign = [place for place, entries in found.items() if _foreign(checkpoints.get(place), entries)]
    if foreign:
        logger.warning("The log is not the one that the graph was made from; read from the beginning: %s", foreign)
        found |= log.follow(dict.fromkeys(foreign, 1), limit=size)
    entries: list[Entry] = []
    moves: Checkpoints = {}
    for place, read in found.items():
        new = read if place in foreign or place not in checkpoints else read[1:]
        if new:
            entries += new
            moves[place] = _mark(new[-1])
    return Batch(entries=entries, moves=moves, foreign=foreign)


def _start(checkpoints: Checkpoints, place: Place) -> int:
    """The position of the entry at the checkpoint, to be read again: it must still be that one."""
    return checkpoints[place].position if place in checkpoints else 1


def _mark(entry: Entry) -> Mark:
    return Mark(position=entry.event.position, event_id=str(entry.event.event_id))


def _foreign(checkpoint: Mark | None, entries: Sequence[Entry]) -> bool:
    return checkpoint is not None and (not entries or _mark(entries[0]) != checkpoint)


def letter(entry: Entry) -> Letter:
    """An entry of the log as a dead letter; its offset is the position."""
    return Letter(
        topic=entry.place.topic,
        partition=entry.place.partition,
        offset=entry.event.position,
        key=key_of(entry.event.stream),
        value=envelope.to_json(entry.event),
        event_id=entry.event.event_id,
    )


def retry(dead: Letter) -> None:
    """Bring a dead letter of the projector into the graph after all. Raises what is wrong with it still."""
    event = envelope.to_event(envelope.from_json(dead.value), position=dead.offset)
    projection.apply([change(event)])


class Parking:
    """The keys that wait behind a poison event, of those in a batch. Made and asked in one transaction: a key cannot
    begin to flow again while an entry is being queued behind it."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._keys = deadletters.parked(PROJECTOR, {key_of(entry.event.stream) for entry in entries})

    def waits(self, entry: Entry) -> bool:
        """Whether the entry's key is parked; it is then queued."""
        if key_of(entry.event.stream) not in self._keys:
            return False
        deadletters.queue(PROJECTOR, letter(entry))
        return True

    def park(self, entry: Entry, error: Exception) -> None:
        """Park the entry and its key."""
        deadletters.park(PROJECTOR, letter(entry), error)
        self._keys.add(key_of(entry.event.stream))


@transaction.atomic
def decide(entries: Sequence[Entry]) -> Decided:
    """What the entries say about the graph; what says nothing intelligible is parked, what comes behind it queued.

    That somebody is erased does not wait: it is done at once, and does no harm in its turn.
    """
    parking = Parking(entries)
    decided: Decided = []
    for entry in entries:
        waits = parking.waits(entry)
        try:
            found = change(entry.event)
        except Exception as error:  # noqa: BLE001 -- whatever reading an event raises makes a dead letter of it
            if not waits:
                parking.park(entry, error)
            continue
        if not waits or isinstance(found, Gone):
            decided.append((entry, found))
    return decided


def carry_out(decided: Decided, *, before: Checkpoints, moves: Checkpoints) -> None:
    """Bring the changes into the graph and move the checkpoints; a change that the graph refuses is parked.

    Raises CheckpointMoved, graph.Unavailable; nothing is then lost, the batch may be read again.
    """
    try:
        projection.project([one for _, one in decided], before=before, moves=moves)
        _count(entry for entry, _ in decided)
    except (CheckpointMoved, graph.Unavailable):
        raise
    except Exception as error:  # noqa: BLE001 -- found again below, change by change, and parked there
        logger.warning("The graph refuses a batch, going change by change: %s", said_by(error))
        _one_by_one(decided)
        projection.project([], before=before, moves=moves)


@transaction.atomic
def _one_by_one(decided: Decided) -> None:
    _probe()
    parking = Parking([entry for entry, _ in decided])
    for entry, one in decided:
        if parking.waits(entry) and not isinstance(one, Gone):
            continue
        try:
            projection.apply([one])
        except graph.Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever the graph says about this one alone
            parking.park(entry, error)
        else:
            _count([entry])


def _count(entries: Iterable[Entry]) -> None:
    """They are in the graph."""
    now = clock.now()
    for entry in entries:
        metrics.PROJECTED.labels(core.known(entry.event.type)).inc()
        metrics.VISIBLE.observe(max(0.0, (now - entry.event.occurred_at).total_seconds()))


def _probe() -> None:
    """Raises Unavailable where the graph takes no writes at all: then it is not the events' fault."""
    try:
        projection.apply([])
    except Exception as error:
        raise graph.Unavailable(f"it takes no writes: {error}") from error
