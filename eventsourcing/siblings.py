"""The same command of the other services, each with its own environment: they share no code and no database."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from config.environment import SETTINGS

BASE = Path(__file__).resolve().parent.parent
# Where the desktop run writes down each service's environment.
RUN = BASE / ".data" / "run"


def environment(service: str, folder: Path) -> dict[str, str] | None:
    """The service's whole environment by `<service>.env.json` in the folder; None where there is none.

    Nothing of our own service's is handed on: its database is not theirs.
    """
    try:
        given: Mapping[str, str] = json.loads((folder / f"{service}.env.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    ours = {*SETTINGS, "DJANGO_SETTINGS_MODULE"}
    return {name: value for name, value in os.environ.items() if name not in ours} | dict(given)


def run(service: str, arguments: Sequence[str], surroundings: Mapping[str, str]) -> int:
    """Run `./manage.py SERVICE …`; what it says goes where ours goes. Its exit code."""
    command = [sys.executable, str(BASE / "manage.py"), service, *arguments]
    return subprocess.run(command, env=dict(surroundings), check=False).returncode
