"""`verify`, `rebuild` and `replay`: the graph is what the log says, is made so again, and is right meanwhile."""

import threading
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from typing import Any, LiteralString

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from eventsourcing.models import DeadLetter
from recommendations import graph, log, pace, projection, queries, rebuild, verify
from recommendations.projector import Projector
from tests.integration.recommendations import model
from tests.integration.recommendations.conftest import Append, empty
from tests.integration.recommendations.histories import History, random_history

Project = Callable[[], None]


@pytest.fixture
def history(append: Append, project: Project) -> History:
    """Something of everything, projected: users 1 to 4 and stub 9; ties 1-2, 2-3, 3-9; 1-4 are friends no longer."""
    found = History()
    for number in (1, 2, 3, 4):
        found.user(number)
    for one, other in ((1, 2), (2, 3), (9, 3), (1, 4)):
        found.befriend(one, other)
    found.unfriend(4, 1)
    found.user(2, first="Renamed")
    append(found.events)
    project()
    return found


def run(statement: LiteralString) -> None:
    """Change the graph by hand."""
    graph.write(lambda transaction: transaction.run(statement).consume())


def said(command: str, *arguments: str) -> tuple[int, str]:
    """A command's exit code and what it said."""
    out = StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


CORRUPTIONS: dict[str, tuple[LiteralString, set[str]]] = {
    "a name": ("MATCH (u:User {userId: 2}) SET u.firstName = 'Eve'", {"user-2: differs in firstName"}),
    "a name too many": ("MATCH (u:User {userId: 2}) SET u.nickname = 'Eve'", {"user-2: differs in nickname"}),
    "a name missing": ("MATCH (u:User {userId: 2}) REMOVE u.lastName", {"user-2: differs in lastName"}),
    "a version from the future": ("MATCH (u:User {userId: 2}) SET u.version = 99", {"user-2: differs in version"}),
    "an older version": ("MATCH (u:User {userId: 2}) SET u.version = 1", {"user-2: differs in version"}),
    "a stub with a name": ("MATCH (u:User {userId: 9}) SET u.firstName = 'Eve'", {"user-9: differs in firstName"}),
    "a user without ties gone": (
        "MATCH (u:User {userId: 4}) DETACH DELETE u",
        {"user-4: is missing in the graph", "friendship-1-4: is missing in the graph"},
    ),
    "a tie gone": (
        "MATCH ({userId: 1})-[t:FRIEND]->({userId: 2}) DELETE t",
        {"friendship-1-2: is missing in the graph"},
    ),
    "a tie that ended": (
        "MATCH (a {userId: 1})-[t:UNFRIENDED]->(b {userId: 4}) DELETE t CREATE (a)-[:FRIEND {version: 1}]->(b)",
        {"friendship-1-4: differs in type, version"},
    ),
    "the memory of a tie that ended gone": (
        "MATCH ({userId: 1})-[t:UNFRIENDED]->({userId: 4}) DELETE t",
        {"friendship-1-4: is missing in the graph"},
    ),
    "the memory of a tie that ended in an older version": (
        "MATCH ({userId: 1})-[t:UNFRIENDED]->({userId: 4}) SET t.version = 1",
        {"friendship-1-4: differs in version"},
    ),
    "a tie doubled": (
        "MATCH (a {userId: 1})-[t:FRIEND]->(b {userId: 2}) CREATE (a)-[u:FRIEND]->(b) SET u = properties(t)",
        {"friendship-1-2: stands in the graph 2 times"},
    ),
    "a tie turned round": (
        "MATCH (a {userId: 1})-[t:FRIEND]->(b {userId: 2}) CREATE (b)-[u:FRIEND]->(a) SET u = properties(t) DELETE t",
        {"friendship-1-2: differs in source"},
    ),
    "a tie's property": (
        "MATCH ()-[t:FRIEND {userId: 9}]->() SET t.userId = 3",
        {"friendship-3-9: differs in userId"},
    ),
    "a tie invented": (
        "MATCH (a {userId: 1}), (b {userId: 3}) CREATE (a)-[:FRIEND {version: 1}]->(b)",
        {"friendship-1-3: stands in the graph, the log knows nothing of it"},
    ),
    "a tie invented, turned round": (
        "MATCH (a {userId: 1}), (b {userId: 3}) CREATE (b)-[:FRIEND {version: 1}]->(a)",
        {"friendship-1-3: stands in the graph, the log knows nothing of it"},
    ),
    "a tie to oneself": (
        "MATCH (a {userId: 1}) CREATE (a)-[:FRIEND {version: 1}]->(a)",
        {"friendship-1-1: stands in the graph, the log knows nothing of it"},
    ),
    "a user invented": (
        "CREATE (:User {userId: 77, firstName: 'Eve', version: 3})",
        {"user-77: stands in the graph, the log knows nothing of it"},
    ),
    "a user invented, with a tie": (
        "MATCH (a {userId: 1}) CREATE (a)-[:FRIEND {version: 1}]->(:User {userId: 77, firstName: 'Eve', version: 3})",
        {
            "user-77: differs in firstName, version",
            "friendship-1-77: stands in the graph, the log knows nothing of it",
        },
    ),
    "a user without an id": (
        "CREATE (:User {firstName: 'Eve'})",
        {"(users without an id): stands in the graph, the log knows nothing of it"},
    ),
    "everything gone": (
        "MATCH (u:User) DETACH DELETE u",
        {f"user-{number}: is missing in the graph" for number in (1, 2, 3, 4)}
        | {f"friendship-{pair}: is missing in the graph" for pair in ("1-2", "2-3", "3-9", "1-4")},
    ),
}


def test_a_graph_that_is_right(history: History) -> None:
    code, text = said("verify")
    assert (code, text.strip()) == (0, "Graph and log agree.")


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_each_corruption_is_reported_and_healed(what: str, history: History) -> None:
    statement, reports = CORRUPTIONS[what]
    run(statement)
    code, text = said("verify")
    assert code == 1
    # With the tie to an invented user, that user differs from a stub; without it, from nobody.
    assert {line for line in text.splitlines() if ": " in line and "differ;" not in line} == reports
    code, text = said("verify", "--repair")
    assert code == 0
    assert text.strip().endswith("healed.")
    assert model.shown() == model.fold(history.events)
    assert said("verify")[0] == 0


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_a_rebuild_makes_each_corruption_good(what: str, history: History) -> None:
    run(CORRUPTIONS[what][0])
    assert said("rebuild")[0] == 0
    assert model.shown() == model.fold(history.events)
    assert graph.read("MATCH (run:Rebuild) RETURN count(run) AS number", {}) == [{"number": 0}]


def test_repairing_touches_nothing_else(history: History) -> None:
    statement: LiteralString = (
        "MATCH (u:User) WHERE u.userId <> 2 RETURN u.userId AS id, elementId(u) AS element ORDER BY id"
    )
    before = graph.read(statement, {})
    edges = graph.read("MATCH ()-[t]->() RETURN elementId(t) AS element ORDER BY element", {})
    run("MATCH (u:User {userId: 2}) SET u.firstName = 'Eve'")
    said("verify", "--repair")
    assert graph.read(statement, {}) == before
    assert graph.read("MATCH ()-[t]->() RETURN elementId(t) AS element ORDER BY element", {}) == edges


def test_what_is_not_projected_yet_is_no_difference(history: History, append: Append) -> None:
    append([history.user(5), history.unfriend(1, 2), history.user(2)])
    code, text = said("verify")
    assert code == 0
    assert "has 3 events of the log before it" in text


def test_a_parked_key_is_left_out(history: History, append: Append, project: Project) -> None:
    append([history.record("user-1", "USER_ABDUCTED", {}), history.user(1, first="Behind")])
    project()
    code, text = said("verify")
    assert (code, text.splitlines()[0]) == (0, "1 parked keys were left out.")
    assert said("rebuild")[0] == 0
    assert model.shown()[0][1]["firstName"] == "Ada"


def test_a_discarded_event_does_not_count(history: History, append: Append, project: Project) -> None:
    append([history.record("user-1", "USER_ABDUCTED", {})])
    project()
    DeadLetter.objects.update(state="discarded")
    assert said("verify")[0] == 0
    empty()
    assert said("rebuild")[0] == 0
    assert model.shown()[0][1]["version"] == 1


def test_a_rebuild_needs_no_projector_and_a_projector_behind_it_changes_nothing(
    append: Append, project: Project
) -> None:
    history = random_history(7, people=30, ties=200)
    append(history.events)
    assert said("rebuild")[0] == 0
    assert model.shown() == model.fold(history.events)
    code, text = said("verify")
    assert code == 0, text
    project()
    assert model.shown() == model.fold(history.events)


def test_what_was_projected_since_a_rebuild_began_stays(history: History, append: Append, project: Project) -> None:
    begun = rebuild.begin()
    append([history.user(2, first="Since"), history.unfriend(1, 2), history.user(5), history.befriend(4, 5)])
    project()
    rebuild.rebuild(begun)
    assert model.shown() == model.fold(history.events)


def test_a_projector_that_lags_behind_a_rebuild_is_no_difference(append: Append) -> None:
    history = History()
    append([history.user(1), history.user(1), history.befriend(1, 2)])
    said("rebuild")
    append([history.user(1), history.unfriend(1, 2)])
    code, text = said("verify")
    assert code == 0, text


def test_answers_are_right_throughout_a_rebuild(append: Append, project: Project) -> None:
    history = random_history(8, people=40, ties=400, stubs=0)
    append(history.events)
    project()
    wanted = {me: model.recommended_friends(history, me) for me in range(1, 41)}
    errors: list[str] = []
    done, looks = threading.Event(), 0

    def look() -> None:
        nonlocal looks
        while not done.is_set():
            me = looks % 40 + 1
            if queries.recommended_friends(me, limit=20) != wanted[me]:
                errors.append(f"user {me}")
            looks += 1

    watchers = [threading.Thread(target=look) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    try:
        for _ in range(3):
            rebuild.rebuild(rebuild.begin(), rate=400)
    finally:
        done.set()
        for watcher in watchers:
            watcher.join()
    assert looks > 50
    assert not errors


@pytest.mark.django_db(transaction=True)
def test_a_rebuild_and_a_projector_at_work_at_once(append: Append, projector: Projector) -> None:
    history = random_history(9, people=25, ties=150)
    append(history.events)
    while projector.step():
        pass
    later = History(events=list(history.events), versions=dict(history.versions), friends=set(history.friends))
    errors: list[BaseException] = []

    def rebuilding() -> None:
        try:
            for _ in range(2):
                rebuild.rebuild(rebuild.begin(), rate=300)
        except BaseException as error:  # noqa: BLE001 -- shown by the test's own thread
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=rebuilding)
    thread.start()
    number = 0
    while thread.is_alive():
        number += 1
        event = later.unfriend(1, 2) if (1, 2) in later.friends else later.befriend(1, 2)
        append([event, later.user(number % 20 + 1, first=f"Name{number}")])
        while projector.step():
            pass
        assert model.shown()[0][number % 20 + 1]["firstName"] == f"Name{number}"
        assert [name for name, _ in model.shown()[1][1, 2]] == [
            "FRIEND" if event.type == "FRIEND_ADDED" else "UNFRIENDED"
        ]
    thread.join()
    assert not errors
    assert model.shown() == model.fold(later.events)
    assert not list(verify.verify())


class Killed(Exception):
    """In place of a kill."""


@pytest.mark.parametrize("after", [1, 3, 9, 18])
def test_a_rebuild_that_was_killed_goes_on(after: int, append: Append, project: Project, monkeypatch: Any) -> None:
    history = random_history(10, people=20, ties=60)
    append(history.events)
    project()
    run("MATCH ()-[t:FRIEND]->() SET t.userId = 0")
    run("MATCH (u:User) SET u.firstName = 'Eve'")
    run("CREATE (:User {userId: 777, version: 4}), (:User {userId: -5, version: 4})")
    steps, done = 0, list[int]()
    honest = rebuild._step

    def step(*arguments: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == after:
            raise Killed
        honest(*arguments)

    monkeypatch.setattr(pace, "BATCH", 5)
    monkeypatch.setattr(rebuild, "_step", step)
    with suppress(Killed):
        rebuild.rebuild(rebuild.begin(), progress=done.append)
    monkeypatch.setattr(rebuild, "_step", honest)
    again = rebuild.begin()
    assert again.begun == (after > 1)
    rebuild.rebuild(again, progress=done.append)
    assert model.shown() == model.fold(history.events)
    assert sum(done) == len(history.versions), "it did again what was done"


def test_a_rebuild_in_a_graph_that_was_replaced_says_so(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    started = rebuild.begin()
    empty()
    with pytest.raises(rebuild.Replaced):
        rebuild.rebuild(started)
    assert said("rebuild")[0] == 0
    assert model.shown() == model.fold(history.events)


def test_a_fresh_rebuild_begins_again(history: History) -> None:
    run("MERGE (run:Rebuild {name: 'graph'}) SET run.phase = 'sweep', run.after = '99', run.upto = '[]'")
    run("MATCH (u:User {userId: 2}) SET u.firstName = 'Eve'")
    assert said("rebuild", "--fresh")[0] == 0
    assert model.shown() == model.fold(history.events)


def test_a_rate_makes_smaller_batches() -> None:
    assert pace.Pace(0).batch == pace.BATCH
    assert pace.Pace(10).batch == 5
    assert pace.Pace(1).batch == 1


def test_a_replay_brings_back_what_is_missing_and_changes_nothing_else(history: History) -> None:
    run("MATCH (u:User {userId: 2}) DETACH DELETE u")
    checkpoints = projection.checkpoints()
    assert said("replay", "--dry-run") == (0, f"{len(history.events)} events would be applied again.\n")
    assert 2 not in model.shown()[0]
    assert said("replay", "--stream", "user-2")[0] == 0
    assert model.shown()[0][2]["firstName"] == "Renamed"
    assert (1, 2) not in model.shown()[1]
    assert said("replay", "--topic", "friend")[0] == 0
    assert model.shown() == model.fold(history.events)
    assert projection.checkpoints() == checkpoints


def test_a_replay_leaves_poison_out(history: History, append: Append, project: Project) -> None:
    append([history.record("user-1", "USER_ABDUCTED", {})])
    project()
    code, text = said("replay")
    assert code == 0
    assert "were left out" in text
    assert model.shown()[0][1]["version"] == 1


def test_a_replay_since_a_moment(history: History) -> None:
    empty()
    last = history.events[-1]
    said("replay", "--since", last.occurred_at.isoformat())
    assert set(model.shown()[0]) == {last.subject["id"]}


def test_the_graph_must_answer(monkeypatch: pytest.MonkeyPatch, history: History) -> None:
    monkeypatch.setenv("NEO4J_BOLT_URL", "bolt://neo4j:x@127.0.0.1:1")
    for command in ("verify", "rebuild", "replay", "graph_schema"):
        code, text = said(command)
        assert code == 1
        assert "The graph does not answer" in text
    graph.close()


def test_the_graphs_constraints_can_be_asked_for_twice() -> None:
    assert said("graph_schema") == said("graph_schema")
    with pytest.raises(graph.Unavailable):
        run("CREATE (:User {userId: 5}), (:User {userId: 5})")


def test_the_log_says_where_it_ends(history: History) -> None:
    assert verify.behind() == 0
    assert sum(end.position for end in log.ends().values()) == len(history.events)
