"""Answers that no order of the commands explains: the account says so, and keeps quiet where one does."""

import json

from chaos.account import ledger
from tests.unit.chaos.history import History, small


def said(history: History) -> list[str]:
    """What the account finds, in words."""
    return [finding.what for finding in history.account()]


def line(history: History, what: str, number: int) -> dict[str, object]:
    """That line of the ledger."""
    return next(one for one in history.lines if (one["what"], one["request"]) == (what, number))


def test_a_version_answered_to_two_commands() -> None:
    history = small()
    number = history.refuse("add", 201, user=1, friend=2)
    answer = next(one for one in history.lines if one["what"] == "answer" and one["kind"] == "add")
    line(history, "answer", number).update(version=1, body=answer["body"])
    assert "version 1 was answered to more than one command" in said(history)


def test_a_version_that_nobody_was_answered() -> None:
    history = small()
    first = history.add(1, 4)
    history.remove(1, 4)
    history.lines = [one for one in history.lines if one["request"] != first]
    assert "no accepted command made version 1" in said(history)


def test_a_command_that_is_not_legal() -> None:
    history = small()
    number = history.add(1, 4)
    for one in history.lines:
        one["kind"] = "remove" if one["request"] == number else one["kind"]
    assert "remove was accepted after nothing" in said(history)


def test_a_version_that_goes_back_in_time() -> None:
    history = History()
    history.create(1)
    history.update(1, "B")
    history.update(1, "C")
    second, third = (line(history, "answer", number) for number in (2, 3))
    second["version"], third["version"] = 3, 2
    assert "version 2 was sent after a later one had been answered" in said(history)


def test_a_refusal_at_a_moment_that_never_was() -> None:
    history = small()
    history.refuse("add", 409, user=1, friend=4)
    assert "409 for add fits no moment between versions 0 and 0" in said(history)


def test_a_refusal_that_fits_a_moment_while_it_was_under_way() -> None:
    history = small()
    number = history.send("add", user=2, friend=3)
    history.add(3, 2)
    history.remove(2, 3)
    history.answer(number, "add", 409)
    assert said(history) == []


def test_refusals_one_after_the_other_do_not_go_back_in_time() -> None:
    history = small()
    # The pair is ended. While a slow addFriend is under way, somebody sees it friends, then somebody sees it ended.
    slow = history.send("add", user=2, friend=3)
    history.refuse("add", 409, user=2, friend=3)
    history.refuse("remove", 404, user=2, friend=3)
    history.answer(slow, "add", 409)
    assert any("fits no moment" in what for what in said(history))


def test_a_precondition_that_should_have_held() -> None:
    history = small()
    history.refuse("update", 412, user=2, ifMatch=2)
    assert "412 for update fits no moment between versions 2 and 2" in said(history)


def test_a_precondition_that_did_not_hold() -> None:
    history = small()
    history.refuse("update", 412, user=2, ifMatch=1)
    assert said(history) == []


def test_a_success_against_its_precondition() -> None:
    history = small()
    history.update(2, "D")
    for one in history.lines:
        if one["request"] == history.requests and one["what"] == "send":
            one["ifMatch"] = 1
    assert "If-Match 1 was answered with version 3" in said(history)


def test_a_known_user_who_is_not_found() -> None:
    history = small()
    history.refuse("add", 404, user=1, friend=4)
    assert "404, although both had been created before it was sent" in said(history)


def test_an_unknown_user_who_is_not_found() -> None:
    history = small()
    history.refuse("add", 404, user=1, friend=4711)
    assert said(history) == []


def test_an_outcome_that_is_not_known() -> None:
    history = small()
    number = history.send("add", user=1, friend=4)
    assert said(history) == ["it is not known whether it was carried out"]
    history.send("add", attempt=2, number=number, user=1, friend=4)
    history.answer(number, "add", 500, attempt=2)
    assert said(history) == ["it is not known whether it was carried out"]


def test_a_refusal_after_an_attempt_without_an_answer_holds_only_when_all_was_calm() -> None:
    history = small()
    number = history.send("add", user=1, friend=2)
    history.send("add", attempt=2, number=number, user=1, friend=2)
    history.answer(number, "add", 409, attempt=2)
    assert said(history) == ["it is not known whether it was carried out"]
    history.lines.append({"what": "calm", "at": history.tick(), "kind": ""})
    history.send("add", attempt=3, number=number, user=1, friend=2)
    history.answer(number, "add", 409, attempt=3)
    assert said(history) == []


def test_one_command_answered_in_two_ways() -> None:
    history = small()
    number = history.add(1, 4)
    history.send("add", attempt=2, number=number, user=1, friend=4)
    history.answer(number, "add", 201, attempt=2, version=2, body={})
    assert "one command was answered in different ways" in said(history)


def test_a_command_answered_twice_alike_is_one_command() -> None:
    history = small()
    number = history.add(1, 4)
    answer = line(history, "answer", number)
    history.send("add", attempt=2, number=number, user=1, friend=4)
    history.answer(number, "add", 201, attempt=2, version=answer["version"], body=answer["body"])
    assert said(history) == []


def test_a_409_that_says_when_to_ask_again_decides_nothing() -> None:
    history = small()
    number = history.send("add", user=1, friend=4)
    history.answer(number, "add", 409, retryAfter=1.0)
    assert said(history) == []


def test_a_line_that_was_cut_off_is_left_out() -> None:
    lines = [json.dumps(one) + "\n" for one in small().lines]
    assert len(ledger.read([*lines, lines[0][:20]]).requests) == len(ledger.read(lines).requests)
