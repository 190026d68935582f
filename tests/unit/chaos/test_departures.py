"""Somebody is deleted: what must be left, and what must not."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.chaos.history import History, small

Stores = dict[str, Any]


@pytest.fixture
def history() -> History:
    """A run in which somebody with friends and a history was deleted."""
    history = small()
    history.add(2, 4)
    history.delete(2)
    return history


def said(history: History) -> list[str]:
    """What the account finds, in words."""
    return [finding.what for finding in history.account()]


def test_a_deletion_as_it_should_be_is_found_good(history: History) -> None:
    history.refuse("update", 404, user=2)
    history.refuse("add", 404, user=1, friend=2)
    history.refuse("remove", 404, user=1, friend=2)
    assert said(history) == []


def test_a_message_told_again_without_names_is_found_good(history: History) -> None:
    old = next(one for one in history.stores["kafka"]["user"] if one["value"]["stream"] == "user-2")
    nameless = {**old["value"], "subject": {**old["value"]["subject"], "firstName": None, "lastName": None}}
    nameless |= {"erased": ["firstName", "lastName"]}
    history.stores["kafka"]["user"].insert(-1, {**old, "value": nameless})
    assert said(history) == []


def test_a_command_whose_answer_was_erased_is_done(history: History) -> None:
    # The update of the one who was deleted: its first answer was lost, and when it was asked for again, erased.
    answer = next(one for one in history.lines if one["what"] == "answer" and one["kind"] == "update")
    answer.update(status=410, version=None, body=None)
    assert said(history) == []
    history.stores["users"]["events"][4]["correlation"] = "somebody else's"
    assert "it was accepted, and nothing says what it did" in said(history)


def forget_end(stores: Stores) -> None:
    """The end of a friendship that the deletion brought about never happened."""
    for rows in (stores["friends"]["events"], stores["friends"]["outbox"], stores["recommendations"]["log"]):
        rows[:] = [row for row in rows if (row["stream"], row["version"]) != ("friendship-2-4", 2)]
    messages = stores["kafka"]["friend"]
    messages[:] = [
        one for one in messages if (one["value"]["stream"], one["value"]["streamVersion"]) != ("friendship-2-4", 2)
    ]


CASES: dict[str, tuple[Callable[[Stores], object], str]] = {
    "a name stays": (
        lambda s: s["users"]["events"][1].update(personal={"firstName": "Ada"}),
        "keeps firstName of somebody who was deleted",
    ),
    "the deletion has no event": (
        lambda s: s["users"]["events"].pop(),
        "it was accepted, and nothing says what it did",
    ),
    "a friendship goes on": (forget_end, "it goes on, although 2 was deleted"),
    "an end without a cause": (
        lambda s: s["friends"]["events"][-1].update(causation="something else"),
        "belongs to no accepted command",
    ),
    "the directory does not know": (
        lambda s: s["friends"]["directory"][-1].update(deleted=False),
        "the friends' directory differs in deleted",
    ),
    "the graph keeps a name": (
        lambda s: next(one["properties"] for one in s["graph"]["people"] if one["properties"]["userId"] == 2).update(
            firstName="Ada"
        ),
        "the graph differs in firstName",
    ),
    "the table keeps the row": (
        lambda s: s["users"]["state"].append({"id": 2}),
        "the table of users: nothing that was accepted made it",
    ),
}


@pytest.mark.parametrize(("doctor", "expected"), CASES.values(), ids=CASES)
def test_each_case_is_reported(history: History, doctor: Callable[[Stores], object], expected: str) -> None:
    doctor(history.stores)
    assert [what for what in said(history) if expected in what], said(history)
