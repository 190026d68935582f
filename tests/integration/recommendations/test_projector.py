"""The projector: follows the log, parks poison, survives what can go wrong around it."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from eventsourcing import deadletters, direct, schema_registry, wakeup
from eventsourcing.models import DeadLetter
from recommendations import batch, graph, leader, log, projection, queries
from recommendations.leader import Leader
from recommendations.models import LogPersonal
from recommendations.projector import Projector
from tests.integration.recommendations import model
from tests.integration.recommendations.conftest import Append, empty
from tests.integration.recommendations.histories import History, random_history
from tests.support.waiting import eventually

Project = Callable[[], None]


def letters() -> list[tuple[str, str]]:
    """Dead letters: key and state, in order."""
    return list(DeadLetter.objects.order_by("id").values_list("key", "state"))


def test_a_batch_moves_each_partition_to_its_end(append: Append, projector: Projector) -> None:
    history = random_history(1, people=20, ties=40)
    append(history.events)
    assert projector.step()
    assert not projector.step()
    assert projection.checkpoints() == log.ends()


def test_a_log_longer_than_a_batch_is_followed_to_its_end(
    append: Append, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch.following, "__defaults__", (3,))
    history = random_history(2, people=20, ties=60)
    append(history.events)
    project()
    assert model.shown() == model.fold(history.events)


def nameless(history: History) -> dict[str, Any]:
    """A user's subject without names."""
    return {name: value for name, value in history.events[0].subject.items() if not name.endswith("Name")}


def test_an_event_whose_names_are_erased_says_that_its_user_is_gone(append: Append, project: Project) -> None:
    history = History()
    append([history.user(1), history.user(2), history.befriend(1, 2)])
    LogPersonal.objects.filter(event_id=history.events[0].event_id).delete()
    project()
    users, _ = model.shown()
    assert users[1] == {"userId": 1, "version": 1, "erased": True}
    assert users[2]["version"] == 1
    assert letters() == []


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("unknown type", lambda history: history.record("user-1", "USER_ABDUCTED", {"id": 1})),
        ("schema", lambda history: history.record("user-1", "USER_UPDATED", {"id": 1, "firstName": 5})),
        ("nameless", lambda history: history.record("user-1", "USER_UPDATED", nameless(history))),
        ("another's", lambda history: history.record("user-1", "USER_UPDATED", history.user(2).subject)),
        ("of friends", lambda history: history.record("user-1", "FRIEND_ADDED", History().befriend(1, 2).subject)),
    ],
)
def test_poison_parks_its_key_and_the_rest_flows(
    kind: str, spoil: Callable[[History], Any], append: Append, project: Project
) -> None:
    history = History()
    history.user(1)
    spoil(history)
    history.user(1, first="After")
    history.user(3)
    history.befriend(1, 3)
    append(history.events)
    project()
    users, edges = model.shown()
    assert users[1]["version"] == 1
    assert users[1]["firstName"] == "Ada"
    assert {3} <= set(users)
    assert set(edges) == {(1, 3)}
    assert letters() == [("1", "parked"), ("1", "queued")]
    append([history.user(1, first="Later still")])
    project()
    assert letters() == [("1", "parked"), ("1", "queued"), ("1", "queued")]
    assert DeadLetter.objects.filter(consumer=log.PROJECTOR, topic="user").count() == 3


def test_a_key_flows_again_after_a_retry(append: Append, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History()
    append([history.user(1), history.user(1, first="Unknown yet"), history.user(1, first="Last"), history.user(2)])
    with monkeypatch.context() as older:
        # As in a process that is older than the type.
        older.delitem(schema_registry._types, ("USER_UPDATED", 1))
        project()
    assert model.shown()[0][1]["version"] == 1
    assert letters() == [("1", "parked"), ("1", "queued")]
    outcome = deadletters.retry(log.PROJECTOR, "1", by="somebody")
    assert (outcome.handled, outcome.error) == (2, "")
    assert model.shown() == model.fold(history.events)
    append([history.user(1, first="Flows")])
    project()
    assert model.shown() == model.fold(history.events)
    assert letters() == [("1", "retried"), ("1", "retried")]


def test_a_retry_of_what_is_still_poison_leaves_it_parked(append: Append, project: Project) -> None:
    history = History()
    append([history.record("user-1", "USER_ABDUCTED", {"id": 1}), history.user(1)])
    project()
    outcome = deadletters.retry(log.PROJECTOR, "1", by="somebody")
    assert outcome.handled == 0
    assert "USER_ABDUCTED" in outcome.error
    assert letters() == [("1", "parked"), ("1", "queued")]
    deadletters.discard(deadletters.open_letters(log.PROJECTOR)[:1], by="somebody", reason="nobody was abducted")
    assert deadletters.retry(log.PROJECTOR, "1", by="somebody").handled == 1
    assert model.shown()[0][1]["version"] == 2


def test_a_tie_to_oneself_is_poison(append: Append, project: Project) -> None:
    history = History()
    subject = {**History().befriend(1, 2).subject, "friendId": 1}
    append([history.user(1), history.record("friendship-1-1", "FRIEND_ADDED", subject)])
    project()
    assert letters() == [("1-1", "parked")]


def test_what_the_graph_refuses_is_parked_and_the_rest_of_the_batch_flows(
    append: Append, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = projection.properties

    def beyond_64_bits(change: Any) -> dict[str, Any]:
        found = honest(change)
        return {**found, "version": 2**64} if change.stream == "user-2" and change.version == 2 else found

    monkeypatch.setattr(projection, "properties", beyond_64_bits)
    history = History()
    append([history.user(1), history.user(2), history.user(2), history.user(3), history.befriend(1, 2)])
    project()
    users, edges = model.shown()
    assert {number: user["version"] for number, user in users.items()} == {1: 1, 2: 1, 3: 1}
    assert set(edges) == {(1, 2)}
    assert letters() == [("2", "parked")]


def test_a_graph_that_is_away_is_waited_for_while_the_log_fills(
    append: Append, projector: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History()
    append([history.user(1), history.user(2)])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = listener.getsockname()[1]
    with monkeypatch.context() as away:
        away.setenv("NEO4J_BOLT_URL", f"bolt://neo4j:x@127.0.0.1:{nobody}")
        assert not projector.step()
        with pytest.raises(graph.Unavailable):
            queries.recommended_friends(1, limit=1)
        graph.close()
    append([history.befriend(1, 2)])
    assert letters() == []
    while projector.step():
        pass
    assert model.shown() == model.fold(history.events)


def test_a_graph_that_was_replaced_is_made_anew(append: Append, projector: Projector, project: Project) -> None:
    history = random_history(3, people=12, ties=30)
    append(history.events)
    project()
    empty()
    assert not projector.step(), "it cannot know yet"
    append([history.user(1)])
    project()
    assert model.shown() == model.fold(history.events)


@pytest.mark.django_db(transaction=True)
def test_a_log_that_was_replaced_is_read_from_its_beginning(append: Append, project: Project) -> None:
    first, second = History(), random_history(4, people=12, ties=30)
    append([first.user(number) for number in range(1, 31)])
    project()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE log, log_personal")
    append(second.events)
    project()
    append([second.user(2)])
    project()
    users, edges = model.shown()
    wanted = model.fold(second.events)
    assert edges == wanted[1]
    assert {number: user["version"] for number, user in users.items() if number <= 9} == {
        number: user["version"] for number, user in wanted[0].items() if number <= 9
    }
    assert projection.checkpoints() == log.ends()


def test_two_projectors_at_once_change_nothing(append: Append, projector: Projector, tmp_path: Path) -> None:
    """As when one that was paused wakes up after another took over."""
    from service.runner import Heartbeat, Stopper

    other = Projector(stopper=Stopper(), heartbeat=Heartbeat("other", tmp_path))
    history = random_history(5, people=12, ties=60)
    for start in range(0, len(history.events), 10):
        append(history.events[start : start + 10])
        (projector, other)[start // 10 % 2].step()
    for one in (projector, other, projector):
        while one.step():
            pass
    assert model.shown() == model.fold(history.events)


def test_one_leads_and_another_takes_over_when_its_session_ends() -> None:
    with closing(direct.connect("second")) as second:
        with closing(direct.connect("first")) as first:
            assert Leader(first).maintain()
            assert not Leader(second).maintain()
        eventually(lambda: _assert_leads(second))


def _assert_leads(session: direct.Connection) -> None:
    assert Leader(session).maintain()


def test_one_that_has_stopped_without_ending_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(direct.connect("stopped")) as stopped, closing(direct.connect("standby")) as standby:
        assert Leader(stopped).maintain()
        assert not Leader(standby).maintain()
        monkeypatch.setattr(leader, "STALE_SECONDS", 0)
        eventually(lambda: _assert_leads(standby))
        with pytest.raises(psycopg2.Error):
            direct.fetch(stopped, "SELECT 1")


@pytest.mark.django_db(transaction=True)
def test_it_runs_as_a_process_until_it_is_asked_to_stop(append: Append, tmp_path: Path) -> None:
    place = connection.settings_dict
    url = f"postgres://{place['USER']}:{place['PASSWORD']}@{place['HOST']}:{place['PORT']}/{place['NAME']}"
    environment = {**os.environ, "DATABASE_URL": url, "DATABASE_DIRECT_URL": "", "RUN_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "django", "project"]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment)
    try:
        history = History()
        for number in (1, 2, 3):
            append([history.user(number)])
        append([history.befriend(1, 2), history.befriend(2, 3)])
        wakeup.announce(log.CHANNEL)

        def recommended() -> None:
            assert [entry["user"]["id"] for entry in queries.recommended_friends(1, limit=5)] == [3]

        eventually(recommended)
        assert (tmp_path / "project.heartbeat").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert not (tmp_path / "project.heartbeat").exists()
    finally:
        process.kill()
        process.wait()


def test_it_is_woken_by_the_consumer(append: Append) -> None:
    with closing(direct.connect("listening")) as session:
        direct.listen(session, log.CHANNEL)
        log.SUBSCRIPTION.after_commit()
        woken = threading.Event()
        for _ in range(100):
            if direct.wait(session, 0.1):
                woken.set()
                break
        assert woken.is_set()
