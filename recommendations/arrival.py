"""Has what somebody has seen arrived in the graph?

A version has where it, or a later one of its stream, stands in the log at or before the checkpoint of its partition,
and was not set aside: a dead letter has passed the checkpoint without being in the graph.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import http_sf
from django.db import connection

from eventsourcing.consistency import Source, Token
from eventsourcing.event import key_of
from recommendations.events import SERVICES
from recommendations.log import CONSUMER, PROJECTOR
from recommendations.projection import Checkpoints

# A checkpoint counts where the log has the event that it names: of a log that was replaced, positions say nothing.
ARRIVED = """
WITH reached AS MATERIALIZED (
    SELECT log.topic, log.partition, log.position
    FROM unnest(%(topics)s::text[], %(partitions)s::int[], %(positions)s::bigint[], %(event_ids)s::uuid[])
         AS mark (topic, partition, position, event_id)
    JOIN log ON log.topic = mark.topic AND log.partition = mark.partition AND log.position = mark.position
            AND log.event_id = mark.event_id
)
SELECT wanted.service, wanted.stream, wanted.version, coalesce(shown.version, 0), coalesce(received.version, 0),
       EXISTS (SELECT FROM dead_letters d WHERE d.consumer = %(consumer)s AND d.key = wanted.key
                                           AND d.state IN ('parked', 'queued')),
       EXISTS (SELECT FROM dead_letters d WHERE d.consumer = %(projector)s AND d.key = wanted.key
                                           AND d.state IN ('parked', 'queued')),
       EXISTS (SELECT FROM log l JOIN dead_letters d USING (event_id)
               WHERE l.stream = wanted.stream AND l.stream_version = wanted.version
                 AND d.consumer = %(projector)s AND d.state = 'discarded')
FROM unnest(%(services)s::text[], %(streams)s::text[], %(versions)s::int[], %(keys)s::text[])
     AS wanted (service, stream, version, key)
LEFT JOIN LATERAL (
    SELECT l.stream_version AS version FROM log l WHERE l.stream = wanted.stream
    ORDER BY l.stream_version DESC LIMIT 1
) received ON true
LEFT JOIN LATERAL (
    SELECT l.stream_version AS version
    FROM log l JOIN reached ON reached.topic = l.topic AND reached.partition = l.partition
                           AND reached.position >= l.position
    WHERE l.stream = wanted.stream
      AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.consumer = %(projector)s AND d.event_id = l.event_id
                                                   AND d.state IN ('parked', 'queued'))
      AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.consumer = %(projector)s AND d.event_id = l.event_id
                                                   AND d.state = 'discarded')
    ORDER BY l.stream_version DESC LIMIT 1
) shown ON true
"""


class Why(StrEnum):
    """Why a version is not in the graph. The last two are not mended by waiting: somebody must look, or has."""

    NOT_RECEIVED = "not-received"
    NOT_PROJECTED = "not-projected"
    PARKED = "parked"
    DISCARDED = "discarded"


class Want(NamedTuple):
    """A version of a stream that must have arrived."""

    source: Source
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A version that has not arrived, the highest of its stream that has (0: none), and why it is so."""

    want: Want
    have: int
    why: Why

    @property
    def lasting(self) -> bool:
        """Whether waiting is in vain."""
        return self.why in (Why.PARKED, Why.DISCARDED)


def followed(token: Token) -> frozenset[Want]:
    """What of a token can arrive here.

    Streams of others are left out, not refused: a token goes through the whole system, and a service that comes to it
    tomorrow must not break what a client does here.
    """
    return frozenset(
        Want(source, version)
        for source, version in token.versions.items()
        if SERVICES.get(source.stream.partition("-")[0]) == source.service and key_of(source.stream)
    )


def missing(wants: Collection[Want], checkpoints: Checkpoints) -> dict[Want, Missing]:
    """Those that have not arrived in the graph, as its checkpoints were.

    Read the checkpoints first: what they have passed can be looked up then, dead letters too.
    """
    if not wants:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(ARRIVED, {**_wanted(wants), **_marks(checkpoints)})
        rows = [_judged(*row) for row in cursor.fetchall()]
    return {one.want: one for one in rows if one.have < one.want.version}


def _wanted(wants: Collection[Want]) -> dict[str, Any]:
    return {
        "services": [want.source.service for want in wants],
        "streams": [want.source.stream for want in wants],
        "versions": [want.version for want in wants],
        "keys": [key_of(want.source.stream) for want in wants],
        "consumer": CONSUMER,
        "projector": PROJECTOR,
    }


def _marks(checkpoints: Checkpoints) -> dict[str, list[Any]]:
    return {
        "topics": [place.topic for place in checkpoints],
        "partitions": [place.partition for place in checkpoints],
        "positions": [mark.position for mark in checkpoints.values()],
        "event_ids": [mark.event_id for mark in checkpoints.values()],
    }


def _judged(
    service: str, stream: str, version: int, shown: int, received: int, refused: bool, parked: bool, discarded: bool
) -> Missing:
    """`refused`: the key waits at the consumer, so that what is not in the log does not come into it."""
    if parked or (refused and received < version):
        why = Why.PARKED
    elif discarded:
        why = Why.DISCARDED
    else:
        why = Why.NOT_PROJECTED if received >= version else Why.NOT_RECEIVED
    return Missing(want=Want(Source(service, stream), version), have=shown, why=why)


def rendered(found: Iterable[Missing]) -> str:
    """What is missing as a header's value: a List of RFC 9651, in one order."""
    return http_sf.ser([_member(one) for one in sorted(found, key=lambda one: one.want)])


def _member(one: Missing) -> Any:
    service, why = http_sf.Token(one.want.source.service), http_sf.Token(str(one.why))
    return one.want.source.stream, {"service": service, "wanted": one.want.version, "have": one.have, "why": why}
