"""Do the graph's checkpoints stand in the log? Part of `./manage.py recommendations verify`.

The projector notices by itself, with the next event, and reads that partition from its beginning; until one comes,
the graph may lack what stands behind.
"""

from collections.abc import Iterator
from functools import partial
from typing import LiteralString

from eventsourcing.integrity import Finding
from recommendations import graph, log, projection
from recommendations.log import PROJECTOR, Mark, Place

FORGET: LiteralString = """
MATCH (c:Checkpoint {name: $name, topic: $topic, partition: $partition}) DELETE c
"""


def verify() -> Iterator[Finding]:
    """Checkpoints beyond the log's end, or at another event than the log has there. Raises graph.Unavailable."""
    found = projection.checkpoints()
    entries = log.follow({place: mark.position for place, mark in found.items()}, limit=1)
    for place, mark in sorted(found.items()):
        there = [Mark(position=one.event.position, event_id=str(one.event.event_id)) for one in entries[place]]
        if there != [mark]:
            yield Finding(what=_sentence(place, mark, there), heal=partial(_forget, place))


def _sentence(place: Place, mark: Mark, there: list[Mark]) -> str:
    where = "at another event than the log has there" if there else "beyond the log's end"
    return f"checkpoint of {place.topic}, partition {place.partition}: at position {mark.position}, {where}"


def _forget(place: Place) -> None:
    """The projector reads the partition from its beginning; what the graph has already stays."""
    parameters = {"name": PROJECTOR, "topic": place.topic, "partition": place.partition}
    graph.write(lambda transaction: transaction.run(FORGET, parameters).consume())
