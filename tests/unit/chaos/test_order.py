"""The order of a stream's messages: strict; of a topic made anew from the first message with version 1 on."""

from collections.abc import Iterable
from json import dumps
from pathlib import Path
from typing import Any

import pytest

from chaos.account import __main__ as account
from chaos.account import journey
from tests.unit.chaos.history import History


def run(versions: Iterable[int], *, anew: bool, stored: int = 3) -> History:
    """A run with one stream of so many versions, whose messages are these."""
    history = History()
    history.create(1)
    for number in range(2, stored + 1):
        history.update(1, f"Ada {number}")
    messages = history.stores["kafka"]["user"]
    history.stores["kafka"]["user"] = [
        messages[number - 1] | {"offset": offset} for offset, number in enumerate(versions)
    ]
    history.stores["anew"] = {"user": 1} if anew else {}
    return history


def found(history: History) -> str:
    """What the account finds."""
    return "\n".join(one.what for one in history.account())


@pytest.mark.parametrize("versions", [[1, 2, 3], [1, 2, 1, 2, 3], [1, 2, 3, 1, 3], [1, 1, 2, 3, 2, 3]])
@pytest.mark.parametrize("anew", [False, True])
def test_a_stream_in_order_with_repeats_is_good(versions: list[int], *, anew: bool) -> None:
    history = run(versions, anew=anew)
    assert found(history) == ""
    assert journey.ahead(history.stores["kafka"]["user"]) == []


@pytest.mark.parametrize(
    ("versions", "number"), [([3, 1, 2, 3], 1), ([2, 3, 1, 2, 3], 2), ([2, 3, 1, 1, 2, 3, 3], 2)]
)
def test_after_a_wipe_what_stands_before_the_stream_is_counted(versions: list[int], number: int) -> None:
    history = run(versions, anew=True)
    assert found(history) == ""
    assert len(journey.ahead(history.stores["kafka"]["user"])) == number


@pytest.mark.parametrize("versions", [[3, 1, 2, 3], [2, 3, 1, 2, 3], [1, 3, 2, 3], [2, 1, 3]])
def test_without_a_wipe_disorder_is_wrong(versions: list[int]) -> None:
    assert "came to Kafka behind version" in found(run(versions, anew=False))


@pytest.mark.parametrize("versions", [[1, 3], [3, 1, 3], [2, 3], [2, 1, 3]])
def test_after_a_wipe_too_a_version_that_is_missing_is_lost(versions: list[int]) -> None:
    assert "is not on Kafka" in found(run(versions, anew=True))


@pytest.mark.parametrize("versions", [[1, 3, 2, 3], [3, 1, 3, 2, 3], [2, 1, 3, 2, 3]])
def test_after_a_wipe_too_the_stream_must_follow_in_order(versions: list[int]) -> None:
    assert "came to Kafka behind version" in found(run(versions, anew=True))


@pytest.mark.parametrize("versions", [[1, 2, 3, 2], [3, 1, 2, 3, 1], [1, 2, 3, 1, 2]])
@pytest.mark.parametrize("anew", [False, True])
def test_a_stream_must_end_with_its_newest_version(versions: list[int], *, anew: bool) -> None:
    assert "the last message of its key is version" in found(run(versions, anew=anew))


def logged(versions: Iterable[int], *, anew: int) -> str:
    """What the account finds where the log has one stream's events in this order."""
    history = run([1, 2, 3, 4], anew=False, stored=4)
    log = history.stores["recommendations"]["log"]
    history.stores["recommendations"]["log"] = [
        log[number - 1] | {"position": position} for position, number in enumerate(versions, 1)
    ]
    history.stores["anew"] = {"user": anew} if anew else {}
    return found(history)


def test_without_a_wipe_the_log_goes_never_back() -> None:
    assert logged([1, 2, 3, 4], anew=0) == ""
    assert "version 2 is logged behind version 3" in logged([1, 3, 2, 4], anew=0)


def test_for_each_wipe_the_log_of_a_stream_may_go_back_once_and_has_everything_once_all_the_same() -> None:
    assert logged([1, 3, 4, 2], anew=1) == ""
    assert logged([4, 3, 1, 2], anew=2) == ""
    assert "version 1 is logged behind version 3" in logged([4, 3, 1, 2], anew=1)
    assert "is in the log 0 times" in logged([1, 3, 2], anew=1)
    assert "is in the log 2 times" in logged([1, 3, 2, 4, 4], anew=1)


def note(**values: Any) -> str:
    """A line of the killer's."""
    return dumps({"target": "topic user", "how": "made anew", "struck": True, "trouble": ""} | values)


@pytest.mark.parametrize(
    ("notes", "topics"),
    [
        ([note(), note(target="users-relay", how="kill -9")], {"user": 1}),
        ([note(), note(target="topic friend", trouble="Kafka does not delete it"), note()], {"user": 2, "friend": 1}),
        ([note(struck=False, trouble="put off")], {}),
        ([], {}),
    ],
    ids=["one", "one that failed too", "a hit that never came", "nobody was hit"],
)
def test_the_killers_notes_say_which_topics_were_made_anew(
    notes: list[str], topics: dict[str, int], tmp_path: Path
) -> None:
    if notes:
        (tmp_path / "kills.jsonl").write_text("\n".join(notes) + "\n")
    assert account._made_anew(tmp_path) == topics
