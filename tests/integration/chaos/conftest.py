"""A system with a load behind it that has come to rest, its ledger, and the account of it."""

import subprocess
import sys
import time
from collections.abc import Callable
from json import dumps
from pathlib import Path

import pytest

from chaos.backlog import Backlog
from chaos.ledger import Ledger
from chaos.load import Load
from chaos.running import addresses
from desktop.bootstrap import BASE
from desktop.supervisor import System
from tests.support.fixtures import system as system
from tests.support.waiting import eventually

COMMANDS = 150


@pytest.fixture(scope="session")
def folder(system: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ledger and with the stores' addresses, as a chaos run leaves them; nothing was killed."""
    path = tmp_path_factory.mktemp("run")
    where = addresses(system) | {"seed": 1}
    (path / "where.json").write_text(dumps(where))
    ledger = Ledger(path / "ledger.jsonl")
    load = Load(system.urls["gateway"], system.urls["registry"], ledger, seed=1)
    load.start()
    while load.accepted < COMMANDS:
        time.sleep(0.05)
    assert load.stop(60)
    ledger.write("calm", kind="")
    ledger.close()
    backlog = Backlog(where)

    def at_rest() -> None:
        assert backlog.settled() == ""

    eventually(at_rest, within=60)
    backlog.close()
    return path


@pytest.fixture(scope="session")
def account(folder: Path) -> Callable[[], tuple[int, str]]:
    """Runs the account, as the program that it is: its exit code, and what it says."""

    def run() -> tuple[int, str]:
        command = [sys.executable, "-m", "chaos.account", str(folder)]
        done = subprocess.run(command, cwd=BASE, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run
