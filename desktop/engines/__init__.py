"""The engines of the desktop run: PostgreSQL, Kafka and a graph database, without Docker and without a system Java.

for engine in create("light", Path(".data/engines")):
    engine.start(); engine.environment(); engine.version(); engine.stop()
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from desktop.engines import accounts, arcadedb
from desktop.engines.arcadedb import ArcadeDB
from desktop.engines.errors import EngineError, Unfetchable
from desktop.engines.kafka import Kafka
from desktop.engines.neo4j import Neo4j
from desktop.engines.postgresql import PostgreSQL
from desktop.engines.server import Server, silent
from desktop.engines.tansu import KafkaOrTansu

__all__ = [
    "ArcadeDB",
    "Engine",
    "EngineError",
    "Kafka",
    "KafkaOrTansu",
    "Neo4j",
    "PostgreSQL",
    "Unfetchable",
    "cache_folder",
    "create",
    "remove",
]


class Engine(Protocol):
    """What the desktop run knows of an engine."""

    name: str
    log: Path

    def start(self) -> None:
        """Starts it and returns when it answers. Raises EngineError; then nothing of it is left running."""

    def stop(self) -> None:
        """Stops it, by force when it takes too long; also one that another process started, or that still starts."""

    def environment(self) -> dict[str, str]:
        """The variables that lead clients to it. Call it after `start`."""

    def version(self) -> str:
        """The version that the running engine tells."""

    @property
    def pid(self) -> int | None:
        """Its process; None when it does not run."""

    @property
    def port(self) -> int | None:
        """Where it listens on 127.0.0.1; None before a port was chosen."""


def create(
    kind: str,
    data: Path,
    cache: Path | None = None,
    ports: Mapping[str, int | None] | None = None,
    notice: Callable[[str], None] = silent,
    environment: Mapping[str, str] = os.environ,
) -> list[Engine]:
    """The engines of a kind (`light`, `full`), not yet started, without those whose address the environment gives.

    `data` is the folder that they keep their data in, `cache` that of what is fetched once for all data folders,
    `ports` gives ports by `postgresql`, `kafka`, `graph`; where there is none, each chooses one and remembers it.
    """
    if kind not in ("light", "full"):
        raise ValueError(f"Engines are light or full, not {kind!r}.")
    broker: type[Server] = Kafka if kind == "full" else KafkaOrTansu
    # There is no package of ArcadeDB for Macs with Intel processors: see requirements-desktop.txt.
    graph: type[Server] = ArcadeDB if kind == "light" and arcadedb.installed() else Neo4j
    plan: dict[str, tuple[str, type[Server]]] = {
        "DATABASE_URL": ("postgresql", PostgreSQL),
        "KAFKA_BOOTSTRAP_SERVERS": ("kafka", broker),
        "NEO4J_BOLT_URL": ("graph", graph),
    }
    return [
        engine(
            data.resolve(),
            port=(ports or {}).get(label),
            log=data.resolve() / "logs" / f"{engine.folder}.log",
            cache=(cache or cache_folder(environment)).resolve(),
            notice=notice,
        )
        for variable, (label, engine) in plan.items()
        if not environment.get(variable)
    ]


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where what the engines run on is kept, for all data folders. Raises EngineError."""
    if given := environment.get("SOCIAL_NETWORK_CACHE"):
        return Path(given)
    if given := environment.get("XDG_CACHE_HOME"):
        return Path(given) / "social-network"
    try:
        return Path.home() / ".cache" / "social-network"
    except RuntimeError:
        raise EngineError(
            "This user has no home folder to keep what is fetched in: name a folder in SOCIAL_NETWORK_CACHE."
        ) from None


def remove(data: Path) -> None:
    """Deletes what the stopped engines of this folder keep outside it: as root, PostgreSQL's files may have to be
    elsewhere. The folder itself is the caller's to delete."""
    accounts.remove(data.resolve() / PostgreSQL.folder)
