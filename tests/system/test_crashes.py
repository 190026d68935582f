"""kill -9 in the middle of the work: after the restart nothing is lost, nothing doubled, nothing out of order."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from desktop.supervisor import System
from tests.support.network import Network
from tests.support.system import until_healthy
from tests.support.waiting import eventually

WORKERS = (
    "users-relay",
    "friends-relay",
    "friends-consume",
    "recommendations-consume",
    "recommendations-project",
)
SPOKES = 12


class Wheel:
    """A hub that befriends each spoke, drops every third and takes every sixth back: its spokes are each other's
    recommendations, with weight 1."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.hub, *self.spokes = network.people(1 + SPOKES)
        self.dropped = self.spokes[::3]
        self.back = self.spokes[::6]
        self.renamed = self.spokes[1]

    def turn(self) -> None:
        """All of its commands, one after the other."""
        self.network.befriend_all((self.hub, spoke) for spoke in self.spokes)
        for spoke in self.dropped:
            self.network.unfriend(spoke, self.hub)
        self.network.befriend_all((spoke, self.hub) for spoke in self.back)
        self.network.rename(self.renamed, "Renamed", "Once")

    @property
    def friends(self) -> list[int]:
        """The hub's friends in the end."""
        return [spoke for spoke in self.spokes if spoke not in self.dropped or spoke in self.back]

    def check(self) -> None:
        """Wait until the projection shows exactly the end."""
        assert self.network.friends(self.hub) == self.friends
        for spoke in self.friends:
            others = [(other, 1) for other in self.friends if other != spoke]
            self.network.until_recommended(spoke, others, within=90)
        for spoke in set(self.spokes) - set(self.friends):
            self.network.until_recommended(spoke, [], within=90)


def work(network: Network, wheels: int) -> list[Wheel]:
    """So many wheels turned, four at a time; returns when all commands are answered."""

    def one(number: int) -> Wheel:
        wheel = Wheel(network)
        wheel.turn()
        return wheel

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, range(wheels)))


def killing(system: System, name: str, over: threading.Event, kills: int) -> int:
    """Kill the process as soon as it is at work, up to `kills` times or until the work is over."""
    done = 0
    while done < kills and not over.wait(0.3):
        process = system.processes[name]
        if process.running and process.fresh:
            process.kill()
            done += 1
    return done


@pytest.mark.parametrize("name", WORKERS)
def test_a_killed_worker_loses_nothing(system: System, network: Network, everything: bool, name: str) -> None:
    over = threading.Event()
    wheels, kills = (40, 10) if everything else (6, 2)
    with ThreadPoolExecutor(1) as pool:
        killer = pool.submit(killing, system, name, over, kills)
        try:
            turned = work(network, wheels)
        finally:
            over.set()
        assert killer.result() > 0
    for wheel in turned:
        wheel.check()


def test_killed_web_servers_come_back_and_what_was_answered_stands(system: System, network: Network) -> None:
    wheel = Wheel(network)
    wheel.turn()
    for name in ("users", "friends", "recommendations"):
        system.processes[f"{name}-web"].kill()
    eventually(lambda: network.friends(wheel.hub), within=90)
    until_healthy(system, "users", "friends", "recommendations")
    wheel.check()


def test_a_killed_gateway_comes_back(system: System, network: Network) -> None:
    person = network.create()
    system.processes["gateway-web"].kill()
    assert eventually(lambda: network.read(person["id"]), within=60) == person
