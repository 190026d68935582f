"""Who may be hit: only one engine is away at a time."""

from types import SimpleNamespace
from typing import Any

import pytest

from chaos import targets
from chaos.plan import KILL, Hit
from chaos.targets import Targets

PROCESSES = ("users-web", "recommendations-project-2")
ENGINES = ("PostgreSQL", "Neo4j")


class Room:
    """Engines, of which some do not run."""

    def __init__(self) -> None:
        self.engines = [SimpleNamespace(name=name) for name in ENGINES]
        self.gone: set[str] = set()

    def alive(self, engine: Any) -> bool:
        """Whether it runs."""
        return engine.name not in self.gone


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    """Engines that are well as soon as they run."""
    monkeypatch.setattr(targets, "SECONDS_WELL", {"process": 0.0, "engine": 0.0})
    return Room()


def ready(room: Room, target: str) -> bool:
    """Whether it may be killed."""
    process = SimpleNamespace(running=True, fresh=True, seconds=1.0)
    system: Any = SimpleNamespace(room=room, processes=dict.fromkeys(PROCESSES, process))
    nobody: Any = None
    return Targets(system, nobody, nobody).ready(Hit(after=0.0, target=target, how=KILL))


def test_an_engine_is_hit_while_all_others_run(room: Room) -> None:
    assert ready(room, "PostgreSQL")


def test_an_engine_is_not_hit_while_another_is_away(room: Room) -> None:
    room.gone = {"Neo4j"}
    assert not ready(room, "PostgreSQL")


def test_a_process_is_but_not_a_projector_while_the_graph_is_away(room: Room) -> None:
    room.gone = {"Neo4j"}
    assert ready(room, "users-web")
    assert not ready(room, "recommendations-project-2")
    room.gone = {"PostgreSQL"}
    assert ready(room, "recommendations-project-2")
