"""Stores that are not what they should be: the account reports each case, and as what it is."""

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from chaos.account import report
from tests.unit.chaos.history import History, small

Stores = dict[str, Any]
Case = tuple[str, Callable[[Stores], object], str, str]


def first(rows: list[Any], **wanted: Any) -> Any:
    """The first row with these values."""
    return next(row for row in rows if all(row[name] == value for name, value in wanted.items()))


def drop(rows: list[Any], **wanted: Any) -> None:
    """Take that row out."""
    rows.remove(first(rows, **wanted))


def again(rows: list[Any], changes: dict[str, Any], **wanted: Any) -> None:
    """Put a copy of that row in, with changes."""
    rows.append(first(rows, **wanted) | changes)


def message(stores: Stores, stream: str, version: int) -> Any:
    """That event's message on Kafka."""
    messages = [one for topic in stores["kafka"].values() for one in topic]
    return next(
        one for one in messages if (one["value"]["stream"], one["value"]["streamVersion"]) == (stream, version)
    )


def swap(one: Any, other: Any, *names: str) -> None:
    """Exchange the values of two rows."""
    for name in names:
        one[name], other[name] = other[name], one[name]


def reorder(log: list[Any]) -> None:
    """Exchange the places of somebody's two entries."""
    swap(*[row for row in log if row["stream"] == "user-2"], "position")
    log.sort(key=lambda row: (row["topic"], row["position"]))


TIE = {"stream": "friendship-1-2"}
CASES: list[Case] = [
    ("an event is lost", lambda s: drop(s["friends"]["events"], **TIE), "lost", "has no event"),
    (
        "an event is there twice",
        lambda s: again(s["friends"]["events"], {"event_id": "other", "position": 99}, **TIE),
        "doubled",
        "is stored 2 times",
    ),
    (
        "a command has made two events",
        lambda s: again(s["friends"]["events"], {"event_id": "other", "position": 99, "version": 2}, **TIE),
        "doubled",
        "belongs to no accepted command",
    ),
    (
        "an event says something else",
        lambda s: first(s["users"]["events"], stream="user-2", version=2)["personal"].update(firstName="Eve"),
        "wrong",
        "says something else than the answer in firstName",
    ),
    (
        "an event is of another request",
        lambda s: first(s["friends"]["events"], **TIE).update(correlation="chaos-4711.1"),
        "wrong",
        "was made by chaos-4711.1",
    ),
    ("an outbox entry is lost", lambda s: drop(s["friends"]["outbox"], **TIE), "lost", "has no outbox entry"),
    (
        "an event is not published",
        lambda s: first(s["friends"]["outbox"], **TIE).update(published=False, sequence=None),
        "lost",
        "is not published",
    ),
    (
        "a sequence has a gap",
        lambda s: first(s["friends"]["outbox"], **TIE).update(sequence=99),
        "wrong",
        "sequence has gaps",
    ),
    (
        "a message is lost",
        lambda s: s["kafka"]["friend"].remove(message(s, "friendship-1-2", 1)),
        "lost",
        "is not on Kafka",
    ),
    (
        "a message is no event of ours",
        lambda s: message(s, "friendship-1-2", 1)["value"].update(eventId="stranger"),
        "doubled",
        "no event of ours",
    ),
    (
        "messages are in the wrong order",
        lambda s: swap(message(s, "user-2", 1), message(s, "user-2", 2), "value"),
        "wrong",
        "came to Kafka behind version",
    ),
    (
        "a message says something else",
        lambda s: message(s, "user-2", 2)["value"].update(subject={}),
        "wrong",
        "something else on Kafka",
    ),
    (
        "a repeat says something else",
        lambda s: s["kafka"]["user"].append(
            message(s, "user-3", 1) | {"value": message(s, "user-3", 1)["value"] | {"subject": {}}}
        ),
        "wrong",
        "repeated with other content",
    ),
    (
        "an old event is a key's last message",
        lambda s: s["kafka"]["user"].append(message(s, "user-2", 1)),
        "wrong",
        "the last message of its key is version 1",
    ),
    (
        "the log lacks an event",
        lambda s: drop(s["recommendations"]["log"], **TIE),
        "lost",
        "is in the log 0 times",
    ),
    (
        "the log has an event twice",
        lambda s: again(s["recommendations"]["log"], {"position": 6}, **TIE),
        "doubled",
        "is in the log 2 times",
    ),
    (
        "the log has a gap",
        lambda s: first(s["recommendations"]["log"], **TIE).update(position=99),
        "lost",
        "have gaps",
    ),
    (
        "the log is out of order",
        lambda s: reorder(s["recommendations"]["log"]),
        "wrong",
        "is logged behind version 2",
    ),
    (
        "the log says something else",
        lambda s: first(s["recommendations"]["log"], **TIE).update(data={}),
        "wrong",
        "something else in the log",
    ),
    (
        "the log has a stranger",
        lambda s: again(s["recommendations"]["log"], {"event_id": "stranger", "position": 6, "version": 9}, **TIE),
        "doubled",
        "was never stored",
    ),
    (
        "a key is parked",
        lambda s: s["recommendations"]["letters"].append(
            {"consumer": "projector", "topic": "user", "key": "1", "error": "e"}
        ),
        "lost",
        "has parked key 1",
    ),
    ("a user is lost", lambda s: drop(s["users"]["state"], id=1), "lost", "the table of users has it 0 times"),
    (
        "names are swapped in the table",
        lambda s: swap(*s["users"]["state"][-2:], "first_name"),
        "wrong",
        "the table of users differs in first_name",
    ),
    (
        "a friendship is lost",
        lambda s: drop(s["friends"]["state"], low=1, high=2),
        "lost",
        "the table of friendships has it 0 times",
    ),
    (
        "a friendship is there twice",
        lambda s: again(s["friends"]["state"], {"id": 999}, low=1, high=2),
        "doubled",
        "the table of friendships has it 2 times",
    ),
    (
        "an ended friendship goes on",
        lambda s: first(s["friends"]["state"], low=2, high=3).update(active=True),
        "wrong",
        "differs in active",
    ),
    (
        "two pairs have one id",
        lambda s: first(s["friends"]["state"], low=2, high=3).update(id=s["friends"]["state"][-1]["id"]),
        "doubled",
        "is of several pairs",
    ),
    (
        "the directory lacks somebody",
        lambda s: drop(s["friends"]["directory"], user_id=1),
        "lost",
        "the friends' directory has it 0 times",
    ),
    (
        "the directory is behind",
        lambda s: first(s["friends"]["directory"], user_id=2).update(version=1),
        "wrong",
        "the friends' directory differs in version",
    ),
    (
        "the graph is behind the log",
        lambda s: s["graph"]["checkpoints"][0].update(position=1),
        "lost",
        "the graph is at 1 of",
    ),
    ("a node is lost", lambda s: s["graph"]["people"].pop(0), "lost", "the graph has it 0 times"),
    (
        "a node is a stranger",
        lambda s: s["graph"]["people"].append({"properties": {"userId": 77, "version": 0}}),
        "doubled",
        "nothing that was accepted made it",
    ),
    (
        "names are swapped in the graph",
        lambda s: swap(*(row["properties"] for row in s["graph"]["people"][-2:]), "firstName"),
        "wrong",
        "the graph differs in firstName",
    ),
    (
        "an edge is lost",
        lambda s: drop(s["graph"]["ties"], low=1, high=2),
        "lost",
        "the graph has it 0 times",
    ),
    (
        "an edge is doubled",
        lambda s: again(s["graph"]["ties"], {}, low=1, high=2),
        "doubled",
        "the graph has it 2 times",
    ),
    (
        "an edge goes the wrong way",
        lambda s: swap(first(s["graph"]["ties"], low=1, high=2), {"low": 2, "high": 1}, "low", "high"),
        "doubled",
        "nothing that was accepted made it",
    ),
    (
        "an ended friendship is an edge",
        lambda s: first(s["graph"]["ties"], low=2, high=3).update(type="FRIEND"),
        "wrong",
        "the graph differs in type",
    ),
    (
        "a tombstone is gone",
        lambda s: drop(s["graph"]["ties"], low=2, high=3),
        "lost",
        "the graph has it 0 times",
    ),
    (
        "somebody is recommended who should not be",
        lambda s: s["answers"].update(
            {"/recommendation/v1/users/1/commands/recommendFriends": [{"user": {"id": 4}, "weight": 1}]}
        ),
        "wrong",
        "recommendFriends answers",
    ),
    (
        "a list of friends lacks one",
        lambda s: s["answers"].update({"/friend/v1/users/1/friends": []}),
        "wrong",
        "/friends answers",
    ),
    (
        "somebody is read as somebody else",
        lambda s: s["answers"].update({"/user/v1/users/1": {"id": 2}}),
        "wrong",
        "GET /user/v1/users/1 answers",
    ),
    (
        "a mutual friend is invented",
        lambda s: s["answers"].update(
            {"/recommendation/v1/users/1/commands/findMutualFriends?friendId=2": [{"id": 3}]}
        ),
        "wrong",
        "findMutualFriends?friendId=2 answers",
    ),
]


@pytest.fixture
def history() -> History:
    """A run as it should be."""
    return small()


def test_a_run_as_it_should_be_is_found_good(history: History) -> None:
    history.stores["answers"] = {
        "/user/v1/users/2": history.records["user-2"],
        "/friend/v1/users/3/friends": [{"friendId": 4}],
        "/recommendation/v1/users/1/commands/recommendFriends": [],
        "/recommendation/v1/users/1/commands/findMutualFriends?friendId=3": [],
    }
    assert history.account() == []


def test_messages_and_events_again_as_they_were_are_good(history: History) -> None:
    history.stores["kafka"]["user"] *= 2
    assert history.account() == []


@pytest.mark.parametrize(("doctor", "kind", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_case_is_reported(history: History, doctor: Callable[[Stores], object], kind: str, said: str) -> None:
    doctor(history.stores)
    found = history.account()
    assert [(one.kind, one.what) for one in found if said in one.what and one.kind == kind], found


def ahead_of_its_stream(stores: Stores) -> None:
    """Somebody's second event also stands before the first."""
    messages = stores["kafka"]["user"]
    messages.insert(0, message(stores, "user-2", 2))


def test_a_new_event_before_its_stream_is_allowed_where_the_topic_was_made_anew(history: History) -> None:
    ahead_of_its_stream(history.stores)
    assert [one.kind for one in history.account()] == ["wrong", "wrong"]
    history.stores["anew"] = {"friend": 1}
    assert len(history.account()) == 2
    history.stores["anew"] = {"user": 1}
    assert history.account() == []
    told = "\n".join(report.lines(*history.read(), history.stores, []))
    assert re.search(r"ahead of their streams +1 ", told)


@pytest.mark.parametrize(
    ("doctor", "kind", "said"),
    [
        (lambda messages: messages.pop(), "lost", "version 2 is not on Kafka"),
        (lambda messages: messages.append(messages[1]), "wrong", "the last message of its key is version 1"),
        (lambda messages: messages.pop(1), "lost", "version 1 is not on Kafka"),
        (lambda messages: messages[0]["value"]["subject"].clear(), "wrong", "something else on Kafka"),
    ],
    ids=[
        "the event does not come again",
        "the old one is the last",
        "the first never comes",
        "it says something else",
    ],
)
def test_what_then_must_follow_all_the_same(
    history: History, doctor: Callable[[list[Any]], object], kind: str, said: str
) -> None:
    one, two = (copy.deepcopy(message(history.stores, "user-2", number)) for number in (1, 2))
    others = [one for one in history.stores["kafka"]["user"] if one["value"]["stream"] != "user-2"]
    messages = [copy.deepcopy(two), one, two]
    doctor(messages)
    history.stores["kafka"]["user"] = [*messages, *others]
    history.stores["anew"] = {"user": 1}
    assert [found for found in history.account() if found.kind == kind and said in found.what]
