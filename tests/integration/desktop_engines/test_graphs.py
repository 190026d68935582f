"""Both graph databases take the statements that a projection is made of, and answer alike."""

from collections.abc import Iterator
from typing import Any

import neo4j
import pytest
from neo4j import ManagedTransaction
from neo4j.exceptions import Neo4jError

from desktop.engines import ArcadeDB, Neo4j, cache_folder
from desktop.engines.server import Server
from tests.integration.desktop_engines.probes import graph

UNIQUE = "CREATE CONSTRAINT user_id IF NOT EXISTS FOR (u:User) REQUIRE u.userId IS UNIQUE"
NAME = """
UNWIND $rows AS row
MERGE (u:User {userId: row.userId})
ON CREATE SET u.version = 0
WITH u, row WHERE u.version < row.version
SET u.firstName = row.firstName, u.version = row.version
"""
TIE = """
UNWIND $rows AS row
MERGE (a:User {userId: row.low}) ON CREATE SET a.version = 0
MERGE (b:User {userId: row.high}) ON CREATE SET b.version = 0
MERGE (a)-[f:FRIEND]->(b)
SET f.version = row.version
"""
CHECKPOINT = """
MERGE (c:Checkpoint {name: $name, topic: $topic, partition: $partition})
SET c.position = $position
"""
MUTUAL = """
MATCH (:User {userId: $one})-[:FRIEND]-(m:User)-[:FRIEND]-(:User {userId: $other})
RETURN m.userId AS userId ORDER BY userId
"""
RECOMMENDED = """
MATCH (u:User {userId: $one})-[:FRIEND]-(f:User)-[:FRIEND]-(other:User)
WHERE other.userId <> $one AND NOT (u)-[:FRIEND]-(other) AND other.version > 0
RETURN other.userId AS userId, count(DISTINCT f) AS weight ORDER BY weight DESC, userId LIMIT 20
"""
TIES = [(1, 2), (1, 3), (2, 4), (3, 4), (3, 5), (4, 5), (2, 6)]


@pytest.fixture(scope="module", params=[ArcadeDB, Neo4j], ids=["arcadedb", "neo4j"])
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[neo4j.Driver]:
    """A driver to a graph with one constraint, which was asked for twice."""
    folder = tmp_path_factory.mktemp("graph")
    kind: type[Server] = request.param
    engine = kind(folder, log=folder / "log", cache=cache_folder())
    try:
        engine.start()
        with graph(engine.environment()["NEO4J_BOLT_URL"]) as opened:
            for _ in range(2):
                opened.execute_query(UNIQUE)
            yield opened
    finally:
        engine.stop()


@pytest.fixture
def session(driver: neo4j.Driver) -> Iterator[neo4j.Session]:
    """A session on an empty graph."""
    with driver.session() as opened:
        opened.execute_write(lambda transaction: run(transaction, "MATCH (n) DETACH DELETE n"))
        yield opened


def run(transaction: ManagedTransaction, /, statement: str, **parameters: Any) -> list[dict[str, Any]]:
    return transaction.run(statement, **parameters).data()


def write(session: neo4j.Session, statement: str, **parameters: Any) -> None:
    session.execute_write(run, statement, **parameters)


def read(session: neo4j.Session, statement: str, **parameters: Any) -> list[dict[str, Any]]:
    return session.execute_read(run, statement, **parameters)


def project(session: neo4j.Session) -> None:
    names = [{"userId": number, "firstName": f"user {number}", "version": 1} for number in range(1, 6)]
    write(session, NAME, rows=names)
    write(session, TIE, rows=[{"low": low, "high": high, "version": 1} for low, high in TIES])


def test_a_batch_and_its_checkpoint_are_one_transaction(session: neo4j.Session) -> None:
    with session.begin_transaction() as transaction:
        transaction.run(TIE, rows=[{"low": 1, "high": 2, "version": 1}]).consume()
        transaction.run(CHECKPOINT, name="graph", topic="friend", partition=0, position=1).consume()
        transaction.rollback()
    assert read(session, "MATCH (n) RETURN count(n) AS count") == [{"count": 0}]
    with session.begin_transaction() as transaction:
        transaction.run(TIE, rows=[{"low": 1, "high": 2, "version": 1}]).consume()
        transaction.run(CHECKPOINT, name="graph", topic="friend", partition=0, position=1).consume()
        transaction.commit()
    assert read(session, "MATCH (c:Checkpoint) RETURN c.position AS position") == [{"position": 1}]


def test_writing_it_again_changes_nothing(session: neo4j.Session) -> None:
    project(session)
    project(session)
    assert read(session, "MATCH (u:User) RETURN count(u) AS count") == [{"count": 6}]
    assert read(session, "MATCH ()-[f:FRIEND]->() RETURN count(f) AS count") == [{"count": len(TIES)}]


def test_an_older_version_does_not_overwrite(session: neo4j.Session) -> None:
    write(session, NAME, rows=[{"userId": 1, "firstName": "newer", "version": 2}])
    write(session, NAME, rows=[{"userId": 1, "firstName": "older", "version": 1}])
    assert read(session, "MATCH (u:User) RETURN u.firstName AS name") == [{"name": "newer"}]


def test_a_person_is_there_once(session: neo4j.Session) -> None:
    write(session, "CREATE (:User {userId: 1})")
    with pytest.raises(Neo4jError):
        write(session, "CREATE (:User {userId: 1})")


def test_ties_are_followed_both_ways(session: neo4j.Session) -> None:
    project(session)
    assert [row["userId"] for row in read(session, MUTUAL, one=1, other=4)] == [2, 3]
    assert [row["userId"] for row in read(session, MUTUAL, one=4, other=1)] == [2, 3]


def test_recommendations_are_ranked_and_ties_go_by_id(session: neo4j.Session) -> None:
    project(session)
    # 6 has no name yet, so it is recommended to nobody.
    assert read(session, RECOMMENDED, one=1) == [{"userId": 4, "weight": 2}, {"userId": 5, "weight": 1}]
    assert read(session, RECOMMENDED, one=2) == [{"userId": 3, "weight": 2}, {"userId": 5, "weight": 1}]


def test_a_removed_tie_becomes_a_mark_between_the_same_two(session: neo4j.Session) -> None:
    project(session)
    write(
        session,
        "MATCH (a:User {userId: 1})-[f:FRIEND]->(b:User {userId: 2}) DELETE f MERGE (a)-[u:UNFRIENDED]->(b) "
        "SET u.version = 2",
    )
    assert [row["userId"] for row in read(session, MUTUAL, one=1, other=4)] == [3]
    assert read(session, "MATCH (:User)-[u:UNFRIENDED]->() RETURN u.version AS version") == [{"version": 2}]


def test_a_batch_of_a_thousand(session: neo4j.Session) -> None:
    rows = [{"low": number, "high": number + 1, "version": 1} for number in range(1000)]
    write(session, TIE, rows=rows)
    assert read(session, "MATCH (u:User) RETURN count(u) AS count") == [{"count": 1001}]
