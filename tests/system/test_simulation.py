"""The load simulation against a whole system: what it says it made is there, and its report stands on its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from desktop.bootstrap import BASE
from desktop.supervisor import System
from tests.support.network import Network


def simulation(system: System, report: Path, *arguments: str) -> "subprocess.Popen[str]":
    """The simulation as a container runs it, against the system's gateway."""
    command = [sys.executable, "-m", "simulation", "--host", system.urls["gateway"], "--report", str(report)]
    return subprocess.Popen(
        [*command, *arguments], cwd=BASE, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def last_user(network: Network) -> int:
    """The newest id; ids are consecutive."""
    return int(network.create()["id"])


def test_what_it_says_it_made_is_there(system: System, network: Network, tmp_path: Path) -> None:
    # Of a system that has just started the projection may be seconds behind: nothing would be recommended in time.
    one, two, three = network.people(3)
    network.befriend_all([(one, two), (two, three)])
    network.until_recommended(one, [(three, 1)])
    before = last_user(network)
    report = tmp_path / "load.html"
    process = simulation(system, report, "--users", "30", "--ties", "80", "--follow", "1")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    told = re.search(r"^(\d+) people, (\d+) ties, (\d+) recommendations followed in", output, re.MULTILINE)
    assert told, output
    people, ties, followed = map(int, told.groups())
    assert (people, ties) == (30, 80)
    assert followed > 0
    made = range(before + 1, last_user(network))
    assert len(made) == people
    assert sum(len(network.friends(user)) for user in made) == 2 * (ties + followed)
    for kind in ("arrive", "befriend", "friends", "mutual friends", "recommendations", "follow", "watch", "all"):
        assert re.search(rf"^{kind} +[1-9]\d* ", output, re.MULTILINE), output
    assert re.search(r"^lag until recommended +[1-9].* 0 not seen$", output, re.MULTILINE), output
    page = report.read_text("utf-8")
    assert page.count("<svg") == 4
    assert not re.search(r"(?:src|href|url)\s*[=(]", page), "It needs nothing from elsewhere."


def test_ctrl_c_ends_it_with_the_summary(system: System, tmp_path: Path) -> None:
    report = tmp_path / "load.html"
    process = simulation(system, report, "--users", "500", "--ties", "5000")
    assert process.stdout
    # Its clients are at work: the first line of progress comes before them.
    lines = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    assert "ended before the plan" in output
    assert re.search(r"^all +\d+ ", output, re.MULTILINE), [*lines, output]
    assert "ended before the plan" in report.read_text("utf-8")
