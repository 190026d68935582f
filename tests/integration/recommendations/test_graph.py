"""The wrapper around the driver, on the real engine."""

import threading
from urllib.parse import urlsplit

import pytest
from neo4j import Transaction
from neo4j.exceptions import Neo4jError

from config import environment
from recommendations import graph
from recommendations.graph_models import Checkpoint, User, connect
from tests.integration.recommendations.conftest import empty


def engine() -> str:
    """What the engine calls itself."""
    return graph.driver().get_server_info().agent


def test_a_read_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    if "ArcadeDB" in engine():
        pytest.skip("ArcadeDB does not end a transaction at its timeout")
    monkeypatch.setattr(graph, "READ_SECONDS", 0.2)
    with pytest.raises(graph.Unavailable, match="TransactionTimedOut"):
        graph.read("UNWIND range(1, 1000000000) AS n WITH n WHERE n % 7 = 8 RETURN n", {})


def test_a_wrong_password_is_no_mistake_of_a_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    right = urlsplit(environment.text("NEO4J_BOLT_URL"))
    if not right.password:
        pytest.skip("this engine asks for no password")
    with monkeypatch.context() as wrong:
        wrong.setenv("NEO4J_BOLT_URL", f"{right.scheme}://{right.username}:wrong@{right.hostname}:{right.port}")
        with pytest.raises(graph.Unavailable, match="Unauthorized"):
            graph.read("RETURN 1 AS one", {})
        graph.close()


def test_a_mistake_in_a_statement_is_not_tried_again() -> None:
    with pytest.raises(Neo4jError):
        graph.read("MATCH (n RETURN n", {})


def test_a_transaction_that_fails_leaves_nothing() -> None:
    def work(transaction: Transaction) -> None:
        transaction.run("CREATE (:User {userId: 1, version: 1})").consume()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        graph.write(work)
    assert graph.read("MATCH (user:User) RETURN user.userId AS id", {}) == []


def test_counters_under_contention_lose_nothing() -> None:
    graph.write(lambda transaction: transaction.run("CREATE (:Writer {name: 'test', turns: 0})").consume())

    def count() -> None:
        for _ in range(15):
            graph.write(
                lambda transaction: transaction.run(
                    "MATCH (w:Writer {name: 'test'}) SET w.turns = w.turns + 1"
                ).consume()
            )

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert graph.read("MATCH (w:Writer {name: 'test'}) RETURN w.turns AS turns", {}) == [{"turns": 45}]


def test_the_models_read_what_the_projection_wrote() -> None:
    empty()
    graph.write(
        lambda transaction: transaction.run(
            "CREATE (a:User {userId: 1, firstName: 'Ada', version: 2})-[:FRIEND {id: 7, version: 3, userId: 2}]->"
            "(:User {userId: 2, version: 0}) CREATE (:Checkpoint {place: 'projector/user/0', position: 5})"
        ).consume()
    )
    connect()
    ada = User.nodes.get(userId=1)
    assert (ada.firstName, ada.version) == ("Ada", 2)
    (friend,) = ada.higher_friends.all()  # type: ignore[attr-defined]  # on an instance it is a manager
    assert friend.userId == 2
    assert ada.higher_friends.relationship(friend).friendship_id == 7  # type: ignore[attr-defined]  # as above
    assert Checkpoint.nodes.get(place="projector/user/0").position == 5
