"""Prometheus and its promtool: those of the machine (Debian: `apt install prometheus`). Nothing here fetches them."""

import shutil
import subprocess
from pathlib import Path


class Unavailable(Exception):
    """The program is not on this machine; the message says how to get it."""


class Refused(Exception):
    """promtool found something wrong; the message is what it said."""


def program(name: str) -> str:
    """The path of prometheus or promtool. Raises Unavailable."""
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"no {name} on the path (Debian: apt install prometheus): what it would show was not tried")
    return found


def promtool(*words: str | Path) -> str:
    """What promtool answers. Raises Refused with what it said, Unavailable."""
    command = [program("promtool"), *map(str, words)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise Refused((answer.stdout + answer.stderr).strip())
    return answer.stdout
