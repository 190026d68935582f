"""One run: clients at work until the plan is carried out, time is up, or somebody has seen enough."""

import time
from collections.abc import Callable

import gevent
from locust.env import Environment

from simulation.scenario import Person, Settings, World

__all__ = ["Settings", "World", "run"]


def run(world: World, show: Callable[[World], None], stopped: Callable[[], bool]) -> bool:
    """Carries out the plan, showing how far it is once a second. Whether it came to its end."""
    settings = world.settings
    client = type("Client", (Person,), {"abstract": False, "host": settings.host, "world": world})
    environment = Environment(user_classes=[client])
    runner = environment.create_local_runner()
    world.begun = time.monotonic()
    runner.start(settings.clients, spawn_rate=100)
    try:
        while not stopped() and not _over(world) and not _late(world):
            show(world)
            gevent.sleep(1)
    finally:
        runner.quit()
        world.watching.kill()
    return _over(world)


def _over(world: World) -> bool:
    """Whether every step is done and every friendship that was watched has been seen, or given up."""
    return world.finished == len(world.steps) and not len(world.watching)


def _late(world: World) -> bool:
    seconds = world.settings.seconds
    return seconds is not None and world.elapsed() > seconds
