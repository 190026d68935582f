"""Reads every store with its own driver: PostgreSQL's tables, Kafka's topics, the graph; and asks the gateway."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

import neo4j
import psycopg2
from kafka import KafkaConsumer, TopicPartition
from psycopg2.extras import RealDictCursor

Row = Mapping[str, Any]
Stores = Mapping[str, Any]

EVENTS = """
SELECT e.position, e.event_id::text, e.stream, e.version, e.type, e.data, p.data AS personal,
       e.metadata->>'correlation_id' AS correlation, e.metadata->>'causation_id' AS causation
FROM events e LEFT JOIN personal p USING (event_id) ORDER BY e.position
"""
OUTBOX = """
SELECT position, stream, version, sequence, published_at IS NOT NULL AS published, topic_id::text FROM outbox
ORDER BY position
"""
LOG = """
SELECT l.topic, l.partition, l.position, l.event_id::text, l.event_type AS type, l.stream,
       l.stream_version AS version, l.data, p.data AS personal
FROM log l LEFT JOIN log_personal p USING (event_id) ORDER BY l.topic, l.partition, l.position
"""
OPEN_LETTERS = "SELECT consumer, topic, key, error FROM dead_letters WHERE state IN ('parked', 'queued') ORDER BY id"
TABLES: Mapping[str, Mapping[str, str]] = {
    "users": {"events": EVENTS, "outbox": OUTBOX, "state": "SELECT * FROM users ORDER BY id"},
    "friends": {
        "events": EVENTS,
        "outbox": OUTBOX,
        "state": "SELECT * FROM friendships ORDER BY id",
        "directory": "SELECT user_id, version, deleted FROM directory ORDER BY user_id",
        "letters": OPEN_LETTERS,
    },
    "recommendations": {"log": LOG, "letters": OPEN_LETTERS},
}
GRAPH = {
    "people": "MATCH (n:User) RETURN properties(n) AS properties ORDER BY n.userId",
    "ties": "MATCH (a:User)-[r]->(b:User) RETURN a.userId AS low, b.userId AS high, type(r) AS type,"
    " properties(r) AS properties ORDER BY low, high",
    "checkpoints": "MATCH (c:Checkpoint) RETURN c.topic AS topic, c.partition AS partition, c.position AS position"
    " ORDER BY topic, partition",
}
POLL_MS, EMPTY_POLLS, HTTP_SECONDS = 1_000, 20, 15.0


def read(where: Mapping[str, Any]) -> dict[str, Any]:
    """Everything in the stores, as JSON values. `where`: addresses, see `chaos/running.py`."""
    found: dict[str, Any] = {
        service: {name: _rows(where["databases"][service], statement) for name, statement in tables.items()}
        for service, tables in TABLES.items()
    }
    found["kafka"] = {topic: list(_messages(where["kafka"], name)) for topic, name in where["topics"].items()}
    found["graph"] = _graph(where["graph"])
    return found


def _rows(url: str, statement: str) -> list[dict[str, Any]]:
    with closing(psycopg2.connect(url, options="-c timezone=UTC")) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(statement)
            return [{name: _plain(value) for name, value in row.items()} for row in cursor.fetchall()]


def _plain(value: Any) -> Any:
    """Times as the API shows them: ISO 8601, UTC, milliseconds."""
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


def _messages(bootstrap: str, topic: str) -> Iterator[dict[str, Any]]:
    """All messages of a topic, each partition in order, from its beginning to the end that it has now."""
    client = KafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False, group_id=None)
    with closing(client):
        places = [TopicPartition(topic, number) for number in sorted(client.partitions_for_topic(topic) or ())]
        client.assign(places)
        client.seek_to_beginning(*places)
        ends = client.end_offsets(places)
        silent = 0
        while any(client.position(place) < ends[place] for place in places):
            polled = client.poll(timeout_ms=POLL_MS)
            silent = 0 if polled else silent + 1
            if silent > EMPTY_POLLS:
                raise TimeoutError(f"Kafka does not give the rest of {topic}.")
            for place, records in sorted(polled.items()):
                yield from (_message(place.partition, record) for record in records)


def _message(partition: int, record: Any) -> dict[str, Any]:
    try:
        value = json.loads(record.value or b"null")
    except ValueError:
        # Not even JSON: no event of ours, as every other stranger.
        value = None
    return {"partition": partition, "offset": record.offset, "key": (record.key or b"").decode(), "value": value}


def _graph(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    login = (unquote(parts.username or ""), unquote(parts.password or ""))
    address = f"{parts.scheme}://{parts.hostname}:{parts.port}"
    with (
        neo4j.GraphDatabase.driver(address, auth=login, notifications_min_severity="OFF") as driver,
        driver.session(database=parts.path.strip("/") or None) as session,
        session.begin_transaction() as transaction,
    ):
        return {name: transaction.run(text).data() for name, text in GRAPH.items()}


def answers(gateway: str, people: Sequence[int], pairs: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """What the gateway answers about some people and some pairs of them, by path."""
    paths = [f"/user/v1/users/{user}" for user in people]
    paths += [f"/friend/v1/users/{user}/friends" for user in people]
    paths += [f"/recommendation/v1/users/{user}/commands/recommendFriends" for user in people]
    paths += [f"/recommendation/v1/users/{one}/commands/findMutualFriends?friendId={other}" for one, other in pairs]
    return {path: _get(gateway + path) for path in paths}


def _get(url: str) -> Any:
    try:
        with urlopen(HttpRequest(url), timeout=HTTP_SECONDS) as answer:  # noqa: S310 -- the gateway's own address
            return json.load(answer)
    except HTTPError as error:
        return {"status": error.code}
