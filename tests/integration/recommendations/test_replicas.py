"""Waiting reads on real web servers: replicas, more of them than threads, clients that leave, an end that comes."""

import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from django.db import connection

from eventsourcing.consistency import Source, Token
from tests.integration.recommendations.conftest import Append
from tests.integration.recommendations.histories import History
from tests.integration.recommendations.process import Replica, running
from tests.support.client import Answer
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)
Project = Callable[[], None]
PATH = "/v1/users/1/commands/recommendFriends"
WATCHES = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'recommendations watch'
"""
TOKEN = Token({Source("friends", "friendship-2-3"): 1}).render()


@pytest.fixture
def history(append: Append) -> History:
    """Three in a row, in the log and not in the graph: 3 is to be recommended to 1."""
    found = History()
    for number in (1, 2, 3):
        found.user(number)
    found.befriend(1, 2)
    found.befriend(2, 3)
    append(found.events)
    return found


def fetch(statement: str) -> list[tuple[object, ...]]:
    """The statement's rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def ask(replica: Replica, wait: int = 25) -> Answer:
    answer = replica.client.get(PATH, {"Consistency-Token": TOKEN, "Prefer": f"wait={wait}"})
    assert answer.status == 200, answer.body
    return answer


def lags(answer: Answer) -> bool:
    """Whether it says that something was missing; then it must not show it."""
    missing = "Projection-Lag" in answer.headers
    assert (answer.json() == []) == missing
    return missing


def crowded(answer: Answer) -> bool:
    """Whether it was answered at once because too many waited."""
    return lags(answer) and "Preference-Applied" not in answer.headers


def watching(replicas: int = 1) -> None:
    """Holds when in so many replicas somebody waits: whoever is the first has a session that listens."""
    assert fetch(WATCHES) == [(replicas,)]


def test_every_replica_waits_and_is_woken(history: History, project: Project, tmp_path: Path) -> None:
    with (
        running(tmp_path / "one", threads=2) as one,
        running(tmp_path / "other", threads=2) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        answers = [pool.submit(ask, replica) for replica in (one, other)]
        eventually(partial(watching, 2))
        project()
        began = time.monotonic()
        assert [lags(answer.result()) for answer in answers] == [False, False]
        assert time.monotonic() - began < 10


def test_more_who_wait_than_threads_leave_threads_for_others(
    history: History, project: Project, tmp_path: Path
) -> None:
    with running(tmp_path, threads=4) as replica, ThreadPoolExecutor(8) as pool:
        answers: list[Future[Answer]] = [pool.submit(ask, replica) for _ in range(8)]
        eventually(lambda: _done(answers, 6))
        began = time.monotonic()
        assert replica.client.get("/actuator/health").status == 200
        assert replica.client.get(PATH).json() == []
        assert time.monotonic() - began < 10
        at_once = [answer.result() for answer in answers if answer.done()]
        assert [crowded(answer) for answer in at_once] == [True] * 6
        project()
        assert sorted(lags(answer.result()) for answer in answers) == [False] * 2 + [True] * 6


def _done(answers: list[Future[Answer]], number: int) -> None:
    assert sum(answer.done() for answer in answers) == number


def test_a_client_that_leaves_gives_its_place_back(history: History, tmp_path: Path) -> None:
    with running(tmp_path, threads=2) as replica:
        leaving = replica.connect()
        head = f"GET {PATH} HTTP/1.1\r\nHost: h\r\nConsistency-Token: {TOKEN}\r\nPrefer: wait=30\r\n\r\n"
        leaving.sendall(head.encode())
        eventually(watching)
        assert crowded(ask(replica))
        began = time.monotonic()
        leaving.close()

        def free() -> None:
            assert not crowded(ask(replica, wait=1))

        eventually(free, within=20)
        assert time.monotonic() - began < 15


def test_a_server_that_ends_answers_those_who_wait(history: History, tmp_path: Path) -> None:
    with running(tmp_path, threads=2) as replica, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, replica)
        eventually(watching)
        began = time.monotonic()
        replica.process.send_signal(signal.SIGTERM)
        assert lags(answer.result())
        assert time.monotonic() - began < 6
        replica.process.wait(10)
