"""The tour of the README, as a reader would walk it: each command, with the answer that the page promises.

Blocks of `sh` are run; the block of `json` or `text` behind one is what they must answer. Blocks of `console` are for
people. Ids are those of a new system there; here they are counted from where this one stands.
"""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from desktop.supervisor import System
from tests.support import markdown
from tests.support.network import Network
from tests.support.waiting import eventually

BASE = Path(__file__).resolve().parents[2]
GATEWAY = "http://127.0.0.1:9000"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00\Z")
# An id in a command or in a line of text, behind what says whose it is.
USER = re.compile(r"(users/|friendId=|user-|id=)(\d+)")
COMMAND = re.compile(r"\./manage\.py (\w+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A block of commands and what it must answer, as the page has them."""

    commands: str
    kind: str
    answer: str


def steps() -> list[Step]:
    """The tour's steps in order."""
    blocks = markdown.blocks(markdown.section((BASE / "README.md").read_text("utf-8"), "A tour of ten minutes"))
    found = [block for block in blocks if block.language != "console"]
    assert [block.language for block in found[::2]] == ["sh"] * (len(found) // 2)
    pairs = zip(found[::2], found[1::2], strict=True)
    return [Step(commands=one.text, kind=other.language, answer=other.text) for one, other in pairs]


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """This system beside the page's: where it is, and how far its ids are from those of a new one."""

    system: System
    users: int
    friendships: int

    def commands(self, text: str) -> str:
        """The commands as they must be here."""
        shifted = self.text(text).replace(GATEWAY, self.system.urls["gateway"])
        return COMMAND.sub(lambda match: f"{shlex.quote(sys.executable)} manage.py {match[1]}", shifted)

    def text(self, text: str) -> str:
        """A text with the users' ids of here."""
        return USER.sub(lambda match: f"{match[1]}{int(match[2]) + self.users}", text)

    def value(self, value: Any) -> Any:
        """A promised answer with the ids of here."""
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if not isinstance(value, dict):
            return value
        own = self.friendships if "friendId" in value else self.users
        shift = {"id": own, "userId": self.users, "friendId": self.users}
        return {name: one + shift[name] if name in shift else self.value(one) for name, one in value.items()}

    def environment(self, text: str) -> dict[str, str] | None:
        """What the commands' service finds in its environment; ours where there is no such command."""
        match = COMMAND.search(text)
        return dict(self.system.processes[f"{match[1]}-web"].environment) if match else None


def normal(value: Any) -> Any:
    """An answer without what differs from run to run: times, request ids, and the ids within sentences."""
    if isinstance(value, list):
        return [normal(one) for one in value]
    if isinstance(value, dict):
        return {name: "…" if name == "requestId" else normal(one) for name, one in value.items()}
    if isinstance(value, str):
        return "a time" if TIME.match(value) else re.sub(r"\d+", "N", value)
    return value


def documents(text: str) -> list[Any]:
    """The JSON documents in a text, one behind the other."""
    decoder, found, place = json.JSONDecoder(), [], 0
    while place < len(text.rstrip()):
        place += len(text[place:]) - len(text[place:].lstrip())
        value, place = decoder.raw_decode(text, place)
        found.append(value)
    return found


def run(here: Here, commands: str) -> str:
    """What the commands say, run as one would in the project's folder."""
    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", here.commands(commands)],
        cwd=BASE,
        env=here.environment(commands),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def check(here: Here, step: Step) -> None:
    """Run a step; its answer is the promised one."""
    said = run(here, step.commands)
    if step.kind == "json":
        assert normal(documents(said)) == normal(here.value(documents(step.answer)))
    else:
        assert said == here.text(step.answer)


@pytest.fixture
def here(system: System, network: Network) -> Here:
    """The system, with the ids that the tour's first person and friendship will get."""
    before, other = network.people(2)
    return Here(system=system, users=other, friendships=network.befriend(before, other)["id"])


def test_the_tour_answers_what_it_promises(here: Here) -> None:
    tour = steps()
    assert len(tour) > 8
    for step in tour:
        reads = not re.search(r" -d | -X |manage\.py", step.commands)
        if reads:
            # A projection is a moment behind.
            eventually(partial(check, here, step))
        else:
            check(here, step)
