"""The how-to's commands, as a reader would run them: a real gateway, the users service behind it, real tokens."""

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.gateway.process import running
from tests.support import markdown
from tests.support.identity import KEY
from tests.support.webserver import BASE, serving
from users import commands

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = BASE / "docs" / "how-to" / "authentication.md"
GATEWAY, MANAGE = "http://127.0.0.1:9000", "./manage.py gateway token"


def said(command: str, keys: Path) -> str:
    """What a command of the page says, with keys of its own, in this Python."""
    here = f"{shlex.quote(sys.executable)} manage.py gateway token --keys {shlex.quote(str(keys))}"
    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.replace(MANAGE, here)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=BASE,
        env={**os.environ, "SOCIAL_NETWORK_READY": "1"},
    )
    assert answer.returncode == 0, f"{command}: {answer.stderr}"
    return answer.stdout.replace("\r", "").strip()


def shifted(text: str, first: int) -> str:
    """The text with the ids of here: the page's 1 is the first user."""
    return re.sub(r"(users/|--user )(\d+)", lambda found: f"{found[1]}{int(found[2]) - 1 + first}", text)


def exported(keys: Path) -> dict[str, str]:
    """The variables that the page's first command sets."""
    lines = said(f"{MANAGE} --environment", keys).splitlines()
    return dict(shlex.split(line)[1].split("=", 1) for line in lines)


def test_the_commands_answer_what_the_page_shows(tmp_path: Path) -> None:
    blocks = markdown.blocks(PAGE.read_text("utf-8"))
    assert "token --environment" in blocks[0].text
    first, variables = commands.create_user(first_name="Ada", last_name="Byron").id, exported(tmp_path / "keys")
    assert variables["INTERNAL_KEYS"] != KEY
    shown = 0
    with (
        serving("users", tmp_path, **variables) as users,
        running(tmp_path, "", USER_SERVICE_URL=users.url, **variables | {"GATEWAY_TIMEOUT_SECONDS": "10"}) as gateway,
    ):
        for block, following in pairwise(blocks[1:]):
            if block.language == "sh":
                here = shifted(block.text, first).replace(GATEWAY, f"http://127.0.0.1:{gateway.port}")
                assert said(here, tmp_path / "keys") == following.text.strip()
                shown += 1
    assert shown == 4
