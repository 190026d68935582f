"""The account: every command that was answered, followed through every store. Nothing lost, nothing doubled.

Reads each store by its own client and folds the events itself: it would not be an account if our code made it.
"""

import json
from collections import Counter, defaultdict
from contextlib import closing
from itertools import pairwise
from typing import Any

import psycopg2
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from neo4j.exceptions import DriverError, Neo4jError

from tests.faults.ledger import Ledger
from tests.faults.world import World
from tests.support.waiting import eventually

EVENTS = """
SELECT e.event_id::text, e.stream, e.version, e.type, e.data || coalesce(p.data, '{}'), o.partition, o."offset",
       o.sequence, o.published_at IS NOT NULL, o.topic_id::text
FROM events e JOIN outbox o USING (position) LEFT JOIN personal p USING (event_id) ORDER BY e.stream, e.version
"""
USERS = "SELECT id, first_name, last_name, version FROM users ORDER BY id"
FRIENDSHIPS = "SELECT low, high, active, version FROM friendships ORDER BY low, high"
DIRECTORY = "SELECT user_id, version FROM directory ORDER BY user_id"
LOG = """
SELECT l.event_id::text, l.topic, l.partition, l.position, l.stream, l.stream_version,
       l.data || coalesce(p.data, '{}')
FROM log l LEFT JOIN log_personal p USING (event_id) ORDER BY l.topic, l.partition, l.position
"""
NODES = """
MATCH (u:User) RETURN u.userId AS id, u.firstName AS first, u.lastName AS last, u.version AS version ORDER BY id
"""
EDGES = """
MATCH (a:User)-[t:FRIEND|UNFRIENDED]->(b:User)
RETURN a.userId AS low, b.userId AS high, type(t) AS type, t.version AS version ORDER BY low, high
"""
CHECKPOINTS = "MATCH (c:Checkpoint) RETURN c.topic AS topic, c.partition AS partition, c.position AS position"
TOPICS = {"users": "user", "friends": "friend"}
Row = tuple[Any, ...]


class Account:
    """The stores of a world beside a client's ledger."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self.world, self.ledger = world, ledger

    def settle(self, within: float = 60.0) -> None:
        """Wait until everything has arrived everywhere, and balance. What is doubled never does."""
        eventually(self._try, within, every=0.25)

    def _try(self) -> None:
        try:
            self.balance()
        except (psycopg2.Error, KafkaError, Neo4jError, DriverError) as error:
            raise AssertionError(f"a store does not answer: {error}") from error

    def balance(self) -> None:
        """Raises AssertionError with what is lost, doubled or wrong."""
        events = {service: self.world.sql(service, EVENTS) for service in TOPICS}
        self._commands([event for stored in events.values() for event in stored])
        self._states(events)
        for service, stored in events.items():
            self._outbox(stored)
            self._topic(TOPICS[service], stored)
        self._log([event for stored in events.values() for event in stored])
        self._graph(events)
        assert self.world.sql("friends", "SELECT count(*) FROM dead_letters") == [(0,)]
        assert self.world.sql("recommendations", "SELECT count(*) FROM dead_letters") == [(0,)]

    def _commands(self, events: list[Row]) -> None:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for _, stream, version, kind, subject, *_ in events:
            assert version == len(found[stream]) + 1, f"{stream} has no version {len(found[stream]) + 1}"
            names = {name: subject[name] for name in ("firstName", "lastName") if name in subject}
            found[stream].append({"type": kind, **names})
        assert found == self.ledger.streams, "events are not the commands that were answered"

    def _states(self, events: dict[str, list[Row]]) -> None:
        people = _last(events["users"])
        assert self.world.sql("users", USERS) == sorted(
            (subject["id"], subject["firstName"], subject["lastName"], version)
            for version, _, subject in people.values()
        )
        assert self.world.sql("friends", FRIENDSHIPS) == sorted(
            (*_pair(subject), kind == "FRIEND_ADDED", version)
            for version, kind, subject in _last(events["friends"]).values()
        )
        assert self.world.sql("friends", DIRECTORY) == sorted(
            (subject["id"], version) for version, _, subject in people.values()
        ), "the directory is not what the users are"

    def _outbox(self, events: list[Row]) -> None:
        assert all(event[8] for event in events), "not everything is published"
        sequences = sorted(event[7] for event in events)
        assert sequences == list(range(1, len(events) + 1)), "the published have gaps or doubles"

    def _topic(self, topic: str, events: list[Row]) -> None:
        """Each event is where its mark says, and stands there behind those before it of its stream."""
        told = messages(self.world, topic)
        assert {message["eventId"] for message in told.values()} == {event[0] for event in events}
        for event_id, stream, version, _, _, partition, offset, *_ in events:
            message = told[partition, offset]
            assert (message["eventId"], message["stream"], message["streamVersion"]) == (event_id, stream, version)
        by_stream = defaultdict(list)
        for _, message in sorted(told.items()):
            by_stream[message["stream"]].append((message["streamVersion"], message["eventId"]))
        for stream, versions in by_stream.items():
            if stream in self.world.shuffled:
                continue
            first = list(dict.fromkeys(versions))
            # A compacted topic keeps the last message of a key.
            assert versions[-1] == max(versions), f"the last message of {stream} is an old one: {versions}"
            assert all(before < after for before, after in pairwise(first)), f"{stream} is out of order: {versions}"

    def _log(self, events: list[Row]) -> None:
        log = self.world.sql("recommendations", LOG)
        wanted = Counter(event[0] for event in events)
        assert Counter(entry[0] for entry in log) == wanted, "the log lacks events, or has them twice"
        subjects = {event[0]: (event[1], event[2], event[4]) for event in events}
        assert {entry[0]: entry[4:] for entry in log} == subjects
        positions = defaultdict(list)
        for _, topic, partition, position, *_ in log:
            positions[topic, partition].append(position)
        for place, found in positions.items():
            assert found == list(range(1, len(found) + 1)), f"the log has a gap in {place}"
        checkpoints = {(row["topic"], row["partition"]): row["position"] for row in self.world.cypher(CHECKPOINTS)}
        assert checkpoints == {place: len(found) for place, found in positions.items()}, "the projector is behind"

    def _graph(self, events: dict[str, list[Row]]) -> None:
        assert [tuple(row.values()) for row in self.world.cypher(NODES)] == self.world.sql("users", USERS)
        assert [tuple(row.values()) for row in self.world.cypher(EDGES)] == sorted(
            (*_pair(subject), "FRIEND" if kind == "FRIEND_ADDED" else "UNFRIENDED", version)
            for version, kind, subject in _last(events["friends"]).values()
        )


def _last(events: list[Row]) -> dict[str, tuple[int, str, dict[str, Any]]]:
    """By stream, version, type and subject of its last event."""
    return {stream: (version, kind, subject) for _, stream, version, kind, subject, *_ in events}


def _pair(subject: dict[str, Any]) -> tuple[int, int]:
    low, high = sorted((subject["userId"], subject["friendId"]))
    return low, high


def messages(world: World, topic: str) -> dict[tuple[int, int], dict[str, Any]]:
    """By partition and offset, every message of a topic."""
    name, servers = world.prefix + topic, world.environment("users")["KAFKA_BOOTSTRAP_SERVERS"]
    found: dict[tuple[int, int], dict[str, Any]] = {}
    with closing(KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)) as client:
        places = [TopicPartition(name, number) for number in sorted(client.partitions_for_topic(name) or ())]
        client.assign(places)
        client.seek_to_beginning(*places)
        ends = client.end_offsets(places)
        while any(client.position(place) < ends[place] for place in places):
            for place, records in client.poll(timeout_ms=500).items():
                found |= {(place.partition, record.offset): json.loads(record.value) for record in records}
    return found
