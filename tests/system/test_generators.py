"""Clients as the reference system's two data generators are: bash, curl and jq against the gateway."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from desktop.supervisor import System
from tests.support.network import Network
from tests.support.system import stopped

SCRIPTS = Path(__file__).parent / "generators"
MISSING = [tool for tool in ("bash", "curl", "jq", "xargs") if shutil.which(tool) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"the generators need {', '.join(MISSING)}")


class Output:
    """What a generator printed: the service's answers by what was asked."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.answers: list[tuple[str, Any]] = []
        for line in lines:
            if line.startswith("{"):
                self.answers += json.loads(line).items()

    def of(self, kind: str) -> list[Any]:
        """The answers of one kind, in the order in which they were printed."""
        return [answer for name, answer in self.answers if name == kind]

    @property
    def added(self) -> list[Any]:
        """The friendship records that were made."""
        return [answer for answer in self.of("added") if "status" not in answer]


def generate(system: System, script: str, *arguments: int) -> Output:
    """Run a generator against the system's gateway."""
    edge = system.urls["gateway"].removeprefix("http://")
    command = ["bash", str(SCRIPTS / script), edge, *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    return Output(done.stdout.splitlines())


def check(output: Output, network: Network, people: int, asked: int) -> None:
    """What a generator asked for was answered as the contract says, and is what the network shows."""
    ids = [user["id"] for user in output.of("created")]
    assert sorted(ids) == list(range(min(ids), min(ids) + people))
    assert len(output.of("added")) == asked
    refused = Counter(answer["status"] for answer in output.of("added") if "status" in answer)
    assert set(refused) <= {400, 409}
    pairs = {frozenset((record["userId"], record["friendId"])) for record in output.added}
    assert len(pairs) == len(output.added)
    assert sum(len(network.friends(user_id)) for user_id in ids) == 2 * len(pairs)
    assert all(len(output.of(kind)) == 1 for kind in ("friends", "mutual", "recommended"))


def expected_recommendations(output: Output, me: int) -> list[tuple[int, int]]:
    """Who is to be recommended, worked out from the records: the first twenty, ties by id."""
    friends: dict[int, set[int]] = {}
    for record in output.added:
        friends.setdefault(record["userId"], set()).add(record["friendId"])
        friends.setdefault(record["friendId"], set()).add(record["userId"])
    mine = friends.get(me, set())
    weights = Counter(other for friend in mine for other in friends[friend] if other != me and other not in mine)
    return sorted(weights.items(), key=lambda entry: (-entry[1], entry[0]))[:20]


def check_projected(output: Output, network: Network, sample: int) -> None:
    """The recommendations of some people are those that the records make, as soon as all is projected."""
    for user in output.of("created")[:sample]:
        network.until_recommended(user["id"], expected_recommendations(output, user["id"]), within=60)


def test_the_serial_generator_runs_unchanged(system: System, network: Network) -> None:
    output = generate(system, "serial.sh")
    check(output, network, people=15, asked=300)
    check_projected(output, network, sample=15)


def test_the_parallel_generator_runs_unchanged(system: System, network: Network, everything: bool) -> None:
    people, friendships = (600, 2000) if everything else (120, 200)
    output = generate(system, "parallel.sh", people, friendships)
    check(output, network, people, asked=99 + friendships)
    check_projected(output, network, sample=40)


def test_a_generator_waits_for_services_that_are_not_up_yet(system: System, network: Network) -> None:
    edge = system.urls["gateway"].removeprefix("http://")
    with stopped(system, "users-web"):
        waiting = subprocess.Popen(
            ["bash", str(SCRIPTS / "serial.sh"), edge, "2", "1"], stdout=subprocess.PIPE, text=True
        )
        assert waiting.stdout is not None
        first = waiting.stdout.readline()
    rest, _ = waiting.communicate(timeout=120)
    assert '"UP"' not in first
    assert len(Output(rest.splitlines()).of("created")) == 2
