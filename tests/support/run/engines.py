"""The engines of a run: started once, in a temporary folder, on free ports, beside whatever else is running."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from desktop import runfiles
from desktop.engines import EngineError as EngineError
from desktop.engines import create

Say = Callable[[str], None]
VARIABLES = ("DATABASE_URL", "DATABASE_DIRECT_URL", "KAFKA_BOOTSTRAP_SERVERS", "NEO4J_BOLT_URL")
# What CI may not do without: the engines that production has.
NEEDED_IN_CI = ("Apache Kafka", "Neo4j")


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """Engines that run: the environment that leads to them, and their versions as they told them."""

    environment: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def started(kind: str, work: Path, say: Say) -> Iterator[Running]:
    """The engines of `kind` (`light`, `full`, or `none`), stopped in reverse order at the end, however it comes.

    An engine that the environment names is left alone: tests empty what they run on. Raises EngineError when one
    does not start.
    """
    if kind == "none":
        yield Running()
        return
    for name in VARIABLES:
        os.environ.pop(name, None)
    versions: dict[str, str] = {}
    environment: dict[str, str] = {}
    with ExitStack() as stack:
        for engine in create(kind, work / kind, notice=say):
            say(f"Starting {engine.name} …")
            stack.callback(engine.stop)
            engine.start()
            if engine.pid:
                runfiles.record(work / "run" / "engines" / f"{engine.name}.json", engine.pid)
            environment |= engine.environment()
            versions[engine.name] = engine.version()
        yield Running(environment=environment, versions=versions)


def missing_in_ci(versions: Mapping[str, str], in_ci: bool) -> list[str]:
    """Sentences about engines of production that a run in CI went without."""
    told = [f"{name} {version}".casefold() for name, version in versions.items()]
    return [
        f"CI must run on {needed}, which is not among the engines."
        for needed in NEEDED_IN_CI
        if in_ci and not any(needed.casefold() in line for line in told)
    ]
