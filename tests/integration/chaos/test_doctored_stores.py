"""The real stores, each doctored by hand behind the system's back: the account finds it there."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import neo4j
import psycopg2
import pytest
from kafka import KafkaProducer

Account = Callable[[], tuple[int, str]]
# In which database, which table, what is done to it, and what the account must say.
TABLES = [
    ("friends", "events", "DELETE FROM events WHERE stream = (SELECT min(stream) FROM outbox)", "has no event"),
    (
        "users",
        "personal",
        'UPDATE personal SET data = data || \'{"firstName": "Eve"}\' WHERE event_id = '
        "(SELECT event_id FROM events WHERE stream = 'user-3' AND version = 1)",
        "says something else",
    ),
    (
        "users",
        "events",
        "INSERT INTO events (event_id, stream, version, type, schema_version, data, metadata, occurred_at)"
        " SELECT gen_random_uuid(), stream, 99, type, schema_version, data, metadata, occurred_at"
        " FROM events WHERE stream = 'user-2' AND version = 1",
        "belongs to no accepted command",
    ),
    (
        "friends",
        "outbox",
        # Not `published_at = NULL`: the relay would publish it at once.
        "DELETE FROM outbox WHERE stream = (SELECT min(stream) FROM outbox)",
        "has no outbox entry",
    ),
    (
        "recommendations",
        "log",
        "DELETE FROM log WHERE stream = (SELECT min(stream) FROM log)",
        "is in the log 0 times",
    ),
    (
        "recommendations",
        "log",
        "UPDATE log SET stream_version = CASE stream_version WHEN 1 THEN 2 ELSE 1 END WHERE stream ="
        " (SELECT stream FROM log GROUP BY stream HAVING count(*) = 2 ORDER BY stream LIMIT 1)",
        "is logged behind version 2",
    ),
    ("users", "users", "DELETE FROM users WHERE id = 2", "the table of users has it 0 times"),
    (
        "users",
        "users",
        "UPDATE users SET first_name = (SELECT first_name FROM users two WHERE two.id = 5 - users.id)"
        " WHERE id IN (2, 3)",
        "the table of users differs in first_name",
    ),
    (
        "friends",
        "friendships",
        "UPDATE friendships SET active = NOT active WHERE id = 1",
        "the table of friendships differs in active",
    ),
    ("friends", "directory", "DELETE FROM directory WHERE user_id = 2", "the friends' directory has it 0 times"),
]
GRAPH = [
    (
        "MATCH (a:User)-[r:FRIEND]->(b) WITH a, b, r ORDER BY r.id LIMIT 1 CREATE (a)-[t:FRIEND]->(b) SET t = r,"
        " t.copy = true",
        "MATCH ()-[t:FRIEND {copy: true}]->() DELETE t",
        "the graph has it 2 times",
    ),
    (
        "MATCH (a:User {userId: 2}) SET a.kept = a.firstName, a.firstName = 'Eve'",
        "MATCH (a:User {userId: 2}) SET a.firstName = a.kept REMOVE a.kept",
        "the graph differs in firstName",
    ),
    (
        "CREATE (:User {userId: 99999, version: 0})",
        "MATCH (a:User {userId: 99999}) DELETE a",
        "nothing that was accepted made it",
    ),
    (
        "MATCH (c:Checkpoint {topic: 'user', partition: 0}) SET c.position = c.position - 1",
        "MATCH (c:Checkpoint {topic: 'user', partition: 0}) SET c.position = c.position + 1",
        "the graph is at",
    ),
]


@pytest.fixture(scope="session")
def where(folder: Path) -> dict[str, Any]:
    """The stores' addresses."""
    found: dict[str, Any] = json.loads((folder / "where.json").read_text())
    return found


@contextmanager
def doctored(url: str, table: str, statement: str) -> Iterator[None]:
    """A table changed past the database's own rules, and at the end as it was."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"CREATE TABLE kept AS SELECT * FROM {table}")  # noqa: S608 -- a name of this file
        try:
            cursor.execute(statement)
            assert cursor.rowcount > 0
            yield
        finally:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 -- as above
            cursor.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept")  # noqa: S608 -- as above
            cursor.execute("DROP TABLE kept")


def cypher(url: str, statement: str) -> int:
    """How much one writing statement has changed."""
    parts = urlsplit(url)
    login = (parts.username or "", parts.password or "")
    with (
        neo4j.GraphDatabase.driver(f"{parts.scheme}://{parts.hostname}:{parts.port}", auth=login) as driver,
        driver.session() as session,
    ):
        counters = session.execute_write(lambda transaction: transaction.run(statement).consume().counters)
    return counters.nodes_created + counters.relationships_created + counters.properties_set


def test_a_load_without_kills_is_found_good(account: Account) -> None:
    code, said = account()
    assert (code, "lost 0, doubled 0, otherwise wrong 0" in said) == (0, True), said


@pytest.mark.parametrize(("service", "table", "statement", "expected"), TABLES)
def test_a_doctored_table_is_found(
    account: Account, where: dict[str, Any], service: str, table: str, statement: str, expected: str
) -> None:
    with doctored(where["databases"][service], table, statement):
        code, said = account()
    assert code == 1
    assert expected in said


@pytest.mark.parametrize(("statement", "undo", "expected"), GRAPH)
def test_a_doctored_graph_is_found(
    account: Account, where: dict[str, Any], statement: str, undo: str, expected: str
) -> None:
    assert cypher(where["graph"], statement) > 0
    code, said = account()
    cypher(where["graph"], undo)
    assert code == 1
    assert expected in said


def test_what_was_put_back_is_found_good_again(account: Account) -> None:
    code, said = account()
    assert code == 0, said


def test_a_stranger_on_kafka_is_found(account: Account, where: dict[str, Any]) -> None:
    # Last: nothing can be taken out of a topic.
    with closing(KafkaProducer(bootstrap_servers=where["kafka"].split(","))) as producer:
        value = {"stream": "user-1", "streamVersion": 1, "eventId": "of somebody else"}
        producer.send(where["topics"]["user"], key=b"1", value=json.dumps(value).encode()).get(timeout=30)
    code, said = account()
    assert code == 1
    assert "no event of ours" in said
