"""The how-to's commands, as a reader would run them, with the ids of three people of here."""

import re
import subprocess
from itertools import pairwise
from pathlib import Path

from desktop.supervisor import System
from tests.support import markdown
from tests.support.network import Network

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "read-your-writes.md"
GATEWAY = "http://127.0.0.1:9000"
# An id behind what says whose it is; a friendship's stream has two.
ID = re.compile(r"(users/|friendId=|user-|friendship-)(\d+)(?:-(\d+))?")


def shifted(text: str, people: list[int]) -> str:
    """The text with the ids of here: the page's 1 is the first of the people."""

    def here(match: re.Match[str]) -> str:
        numbers = [str(people[int(number) - 1]) for number in match.groups()[1:] if number]
        return match[1] + "-".join(numbers)

    return ID.sub(here, text)


def said(command: str) -> str:
    """What a command of the page says."""
    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], capture_output=True, text=True, timeout=120, check=False
    )
    assert answer.returncode == 0, f"{command}: {answer.stderr}"
    return answer.stdout.replace("\r", "")


def test_the_commands_answer_what_the_page_shows(system: System, network: Network) -> None:
    people = network.people(3)
    blocks = markdown.blocks(PAGE.read_text("utf-8"))
    assert sum(block.language == "sh" for block in blocks) == 5
    for block, following in pairwise([*blocks, blocks[0]]):
        if block.language != "sh":
            continue
        answer = said(shifted(block.text, people).replace(GATEWAY, system.urls["gateway"]))
        if following.language == "text":
            assert answer.strip() == shifted(following.text, people).strip()
        elif "grep" in block.text:
            assert answer.lower().startswith("consistency-token: ")
        else:
            assert answer.startswith("HTTP/1.1 200 ")
            assert "projection-lag" not in answer.lower()
