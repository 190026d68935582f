"""Reads that wait for what their client has seen: a projector held back, keys that are parked, many at once."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import http_sf
import pytest
from django.db import connection, connections
from django.test import Client

from eventsourcing import consistency, deadletters
from eventsourcing.consistency import Source, Token
from recommendations import arrival, graph, log, projection, watch
from recommendations.arrival import Want
from recommendations.projector import Projector
from recommendations.watch import Outcome, Watch
from service import lifetime
from tests.integration.recommendations.conftest import Append
from tests.integration.recommendations.histories import History, message
from tests.support.tables import execute
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
Project = Callable[[], None]
RECOMMENDED = "/v1/users/1/commands/recommendFriends"
MUTUAL = "/v1/users/1/commands/findMutualFriends?friendId=3"
ROWS = 30_000


@pytest.fixture(autouse=True)
def fresh_watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No thread of one test looks in another's time."""
    monkeypatch.setattr(watch, "LINGER_SECONDS", 0.2)
    monkeypatch.setattr(watch, "_watch", None)
    yield
    until(lambda: not any(thread.name == "watch" for thread in threading.enumerate()))


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


def seen(**versions: int) -> str:
    """A token of streams, named as in `user_1`, `friendship_2_3`."""
    names = {name.replace("_", "-"): version for name, version in versions.items()}
    services = {"user": "users", "friendship": "friends"}
    return Token({Source(services[name.partition("-")[0]], name): one for name, one in names.items()}).render()


def get(client: Client, token: str, path: str = RECOMMENDED, **headers: str) -> Any:
    answer = client.get(path, headers={"Consistency-Token": token, **headers})
    assert answer.status_code == 200, answer.content
    return answer


def ids(answer: Any) -> list[int]:
    """Who is recommended."""
    return [entry["user"]["id"] for entry in answer.json()]


def in_a_moment(work: Callable[[], None], seconds: float = 0.3) -> threading.Thread:
    """Does it in another thread, a moment later."""

    def run() -> None:
        time.sleep(seconds)
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def took(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gave, and how many seconds that took."""
    began = time.monotonic()
    return work(), time.monotonic() - began


def test_what_has_arrived_is_answered_at_once(client: Client, history: History, project: Project) -> None:
    project()
    answer = get(client, seen(user_1=1, friendship_2_3=1), Prefer="wait=30")
    assert ids(answer) == [3]
    assert "Projection-Lag" not in answer.headers
    assert answer["Preference-Applied"] == "wait=30"
    assert set(answer["Vary"].split(", ")) == {"Consistency-Token", "Prefer"}


@pytest.mark.parametrize("path", [RECOMMENDED, MUTUAL])
def test_what_is_on_its_way_is_waited_for(client: Client, history: History, project: Project, path: str) -> None:
    arriving = in_a_moment(project)
    answer = get(client, seen(friendship_1_2=1, friendship_2_3=1), path, Prefer="wait=20")
    arriving.join()
    assert len(answer.json()) == 1
    assert "Projection-Lag" not in answer.headers


def test_without_a_token_nothing_is_waited_for(client: Client, history: History) -> None:
    answer = client.get(RECOMMENDED, headers={"Prefer": "wait=30"})
    assert answer.json() == []
    assert not {"Projection-Lag", "Preference-Applied"} & set(answer.headers)


def test_what_does_not_come_is_named_after_the_wait(client: Client, history: History, project: Project) -> None:
    project()
    token = seen(user_1=1, user_2=4, friendship_1_3=1)
    answer, seconds = took(lambda: get(client, token, Prefer="wait=1"))
    assert 1.0 <= seconds < 15
    assert ids(answer) == [3]
    assert answer["Projection-Lag"] == (
        '"friendship-1-3";service=friends;wanted=1;have=0;why=not-received, '
        '"user-2";service=users;wanted=4;have=1;why=not-received'
    )
    assert answer["Preference-Applied"] == "wait=1"


def test_two_seconds_where_the_client_does_not_say(client: Client, history: History) -> None:
    answer, seconds = took(lambda: get(client, seen(user_1=1)))
    assert 2.0 <= seconds < 15
    assert answer["Projection-Lag"] == '"user-1";service=users;wanted=1;have=0;why=not-projected'
    assert "Preference-Applied" not in answer.headers


def test_a_version_has_arrived_with_a_later_one_of_its_stream(
    client: Client, append: Append, project: Project
) -> None:
    """As after a compaction, in which the topic keeps only the last."""
    history = History()
    history.user(1)
    append([history.user(1)])
    project()
    assert "Projection-Lag" not in get(client, seen(user_1=1), Prefer="wait=0").headers


def test_each_place_counts_by_its_own_checkpoint(
    client: Client, append: Append, projector: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each partition has three events and a checkpoint, and some of the three are still to come."""
    monkeypatch.setattr("recommendations.batch.following.__defaults__", (1,))
    history = History()
    append([history.user(number) for number in range(1, 10)])
    projector.step()
    answer = get(client, seen(**{f"user_{number}": 1 for number in range(1, 10)}), Prefer="wait=0")
    members: Any = http_sf.parse(answer["Projection-Lag"].encode(), tltype="list")
    said = {stream: (parameters["have"], str(parameters["why"])) for stream, parameters in members}
    reached = {place: mark.position for place, mark in projection.checkpoints().items()}
    entries = [entry for found in log.follow(dict.fromkeys(reached, 1), limit=9).values() for entry in found]
    behind = {entry.event.stream for entry in entries if entry.event.position > reached[entry.place]}
    assert 0 < len(behind) < len(entries) == 9
    assert said == dict.fromkeys(behind, (0, "not-projected"))


def poison(history: History, stream: str) -> Any:
    """An event that nobody can read."""
    return history.record(stream, "USER_ABDUCTED", {"id": 1})


def test_a_key_that_the_projector_has_parked_is_told_at_once(
    client: Client, history: History, append: Append, project: Project
) -> None:
    append([poison(history, "friendship-2-3"), history.unfriend(2, 3)])
    project()
    answer, seconds = took(lambda: get(client, seen(friendship_2_3=3), Prefer="wait=30"))
    assert seconds < 15
    assert ids(answer) == [3]
    assert answer["Projection-Lag"] == '"friendship-2-3";service=friends;wanted=3;have=1;why=parked'
    assert "Projection-Lag" not in get(client, seen(friendship_2_3=1), Prefer="wait=0").headers, "it came before"
    deadletters.discard(deadletters.open_letters(log.PROJECTOR)[:1], by="me", reason="nobody was abducted")
    assert get(client, seen(friendship_2_3=2), Prefer="wait=30")["Projection-Lag"].endswith("have=1;why=parked")
    deadletters.retry(log.PROJECTOR, "2-3", by="me")
    assert ids(get(client, seen(friendship_2_3=3), Prefer="wait=0")) == []
    assert "Projection-Lag" not in get(client, seen(friendship_2_3=2), Prefer="wait=0").headers


def test_what_was_discarded_is_told_at_once(
    client: Client, history: History, append: Append, project: Project
) -> None:
    append([poison(history, "user-1")])
    project()
    deadletters.discard(deadletters.open_letters(log.PROJECTOR), by="me", reason="nobody was abducted")
    answer, seconds = took(lambda: get(client, seen(user_1=2), Prefer="wait=30"))
    assert seconds < 15
    assert answer["Projection-Lag"] == '"user-1";service=users;wanted=2;have=1;why=discarded'


def test_a_key_that_the_consumer_has_parked_is_told_at_once(
    client: Client, history: History, project: Project
) -> None:
    project()
    deadletters.park(log.CONSUMER, message(history.user(1)).letter(), ValueError("no such luck"))
    answer, seconds = took(lambda: get(client, seen(user_1=2), Prefer="wait=30"))
    assert seconds < 15
    assert answer["Projection-Lag"] == '"user-1";service=users;wanted=2;have=1;why=parked'
    assert "Projection-Lag" not in get(client, seen(user_1=1), Prefer="wait=0").headers


def test_what_came_before_a_poison_at_the_consumer_is_waited_for(
    client: Client, history: History, project: Project
) -> None:
    deadletters.park(log.CONSUMER, message(history.user(1)).letter(), ValueError("no such luck"))
    arriving = in_a_moment(project)
    assert "Projection-Lag" not in get(client, seen(user_1=1), Prefer="wait=20").headers
    arriving.join()


def test_streams_that_others_follow_are_none_of_ours(client: Client, history: History) -> None:
    for name in ("order-1;service=orders", "user-1;service=friends", "audit-1;service=users", "user-;service=users"):
        stream, _, service = name.partition(";")
        assert "Projection-Lag" not in get(client, f'"{stream}";{service};version=3', Prefer="wait=30").headers


def test_what_is_no_token_is_refused(client: Client, history: History) -> None:
    for path in (RECOMMENDED, MUTUAL):
        answer = client.get(path, headers={"Consistency-Token": "user-1", "Prefer": "wait=30"})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_positions_of_another_log_say_nothing(client: Client, history: History, project: Project) -> None:
    project()
    assert "Projection-Lag" not in get(client, seen(friendship_1_2=1), Prefer="wait=0").headers
    execute("SET eventsourcing.allow_truncate = 'on'")
    execute("TRUNCATE log, log_personal")
    other = History()
    for number in (1, 2, 3):
        other.user(number)
    other.befriend(1, 2)
    other.befriend(2, 3)
    log.append([message(event) for event in other.events])
    assert "not-projected" in get(client, seen(friendship_1_2=1), Prefer="wait=0")["Projection-Lag"]
    project()
    assert "Projection-Lag" not in get(client, seen(friendship_1_2=1), Prefer="wait=0").headers


def test_a_list_that_the_client_has_is_304_and_says_what_is_missing(
    client: Client, history: History, project: Project
) -> None:
    project()
    tag = client.get(RECOMMENDED)["ETag"]
    assert tag.startswith('W/"')
    headers = {"If-None-Match": tag, "Consistency-Token": seen(user_9=1), "Prefer": "wait=0"}
    answer = client.get(RECOMMENDED, headers=headers)
    assert (answer.status_code, answer.content) == (304, b"")
    assert "user-9" in answer["Projection-Lag"]


def wanted(version: int = 1) -> frozenset[Want]:
    """What the token of a friendship asks for."""
    return arrival.followed(consistency.parse(seen(friendship_2_3=version)))


def never() -> bool:
    return False


def waits(shared: Watch, number: int, seconds: float) -> list[tuple[Outcome, float]]:
    """So many who wait at a time: what came of each, and how long it took."""

    def one(index: int) -> tuple[Outcome, float]:
        try:
            return took(lambda: shared.wait(wanted(), seconds, never))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def test_one_look_serves_all_who_wait(history: History, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    honest = watch.look

    def counted(wants: Any) -> Any:
        looks.append(len(wants))
        return honest(wants)

    monkeypatch.setattr(watch, "look", counted)
    shared = Watch(8)
    assert [outcome.missing[0].why for outcome, _ in waits(shared, 8, 1.5)] == ["not-projected"] * 8
    # Two of each one's own, then 20, 40, 80 … 250 ms apart, whatever the number of those who wait.
    assert len(looks) < 2 * 8 + 20
    arriving = in_a_moment(project)
    assert [outcome.missing for outcome, _ in waits(shared, 8, 20)] == [[]] * 8
    arriving.join()


def test_a_notification_ends_the_pause_between_two_looks(
    history: History, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BUSY_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(watch, name, 60.0)
    arriving = in_a_moment(project, 1.0)
    outcome, seconds = took(lambda: Watch(1).wait(wanted(), 50, never))
    arriving.join()
    assert outcome.missing == []
    assert seconds < 30
    # A pause of a minute must not outlive the test.
    time.sleep(2 * watch.LINGER_SECONDS)
    execute("NOTIFY graph")


def test_who_finds_all_places_taken_is_answered_at_once(history: History) -> None:
    shared = Watch(2)
    outcomes = waits(shared, 6, 2)
    assert sorted(outcome.crowded for outcome, _ in outcomes) == [False] * 2 + [True] * 4
    assert all(outcome.missing for outcome, _ in outcomes)
    assert all((seconds >= 2) != outcome.crowded for outcome, seconds in outcomes)
    assert not shared.wait(wanted(), 0.1, never).crowded, "their places are free again"


def test_a_place_is_no_matter_where_nothing_is_missing(history: History, project: Project) -> None:
    project()
    outcome = Watch(0).wait(wanted(), 2, never)
    assert (outcome.missing, outcome.crowded) == ([], False)


def test_a_wait_that_nobody_wants_any_more_ends(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    _, seconds = took(lambda: Watch(1).wait(wanted(), 30, lambda: True))
    assert seconds < 10
    monkeypatch.setattr(lifetime, "_told", lambda: True)
    _, seconds = took(lambda: get(Client(), seen(friendship_2_3=1), Prefer="wait=30"))
    assert seconds < 10


def test_a_graph_that_goes_away_while_somebody_waits_is_waited_for(
    history: History, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, troubles = watch.look, iter([False, False, True, True])

    def sometimes(wants: Any) -> Any:
        if next(troubles, False):
            raise graph.Unavailable("it restarts")
        return honest(wants)

    monkeypatch.setattr(watch, "look", sometimes)
    arriving = in_a_moment(project)
    assert Watch(1).wait(wanted(), 20, never).missing == []
    arriving.join()


FILL = """
INSERT INTO log (topic, partition, position, event_id, event_type, schema_version, stream, stream_version, data,
                 personal, metadata, occurred_at, received_at, source_offset)
SELECT 'user', n %% 3 + 10, n, gen_random_uuid(), 'USER_UPDATED', 1, 'user-' || n / 10, n %% 10 + 1, '{}', '{}', '{}',
       now(), now(), n
FROM generate_series(1, %s) AS n
"""
LETTERS = """
INSERT INTO dead_letters (consumer, topic, partition, "offset", key, event_id, value, state, error, attempts,
                          created_at, resolved_by, reason)
SELECT 'projector', 'user', 0, n, n::text, gen_random_uuid(), '',
       CASE n %% 2 WHEN 0 THEN 'retried' ELSE 'discarded' END, '', 1, now(), '', ''
FROM generate_series(1, %s) AS n
"""


def _indexes(plan: str) -> list[str]:
    """The indexes that a plan names."""
    return re.findall(r"Index (?:Only )?Scan (?:Backward )?(?:using|on) (\w+)", plan)


def test_a_look_reads_no_table_from_one_end_to_the_other(history: History, project: Project) -> None:
    project()
    execute(FILL, ROWS)
    execute(LETTERS, ROWS)
    for table in ("log", "dead_letters"):
        execute(f"ANALYZE {table}")
    wants = arrival.followed(Token({Source("users", f"user-{number}"): 5 for number in range(1, 33)}))
    values = {**arrival._wanted(wants), **arrival._marks(projection.checkpoints())}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {arrival.ARRIVED}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on" not in plan, plan
    assert {"log_stream", "log_position", "dead_letters_open", "dead_letters_discarded"} <= set(_indexes(plan)), plan
    assert "JIT" not in plan, plan
