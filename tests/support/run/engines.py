"""The engines of a run: started once, in a temporary folder, on free ports, beside whatever else is running."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from desktop.engines import Engine, create
from desktop.engines import EngineError as EngineError

Say = Callable[[str], None]
VARIABLES = ("DATABASE_URL", "DATABASE_DIRECT_URL", "KAFKA_BOOTSTRAP_SERVERS", "NEO4J_BOLT_URL")
# Where they keep their data and run files: a suite that kills them starts them again there.
FOLDER = "TEST_ENGINES_FOLDER"
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
    environment = {FOLDER: str(work / kind / "engines")}
    engines = create(kind, work / kind / "engines", notice=say)
    say(f"Starting {', '.join(engine.name for engine in engines)} …")
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(len(engines)))
        for engine in engines:
            # Also ends a start that is still under way, which the pool waits for.
            stack.callback(engine.stop)
        list(pool.map(_start, engines))
        for engine in engines:
            environment |= engine.environment()
            versions[engine.name] = engine.version()
            say(f"{engine.name} {versions[engine.name]} is ready on port {engine.port}")
        yield Running(environment=environment, versions=versions)


def _start(engine: Engine) -> None:
    engine.start()


def missing_in_ci(versions: Mapping[str, str], in_ci: bool) -> list[str]:
    """Sentences about engines of production that a run in CI went without."""
    told = [f"{name} {version}".casefold() for name, version in versions.items()]
    return [
        f"CI must run on {needed}, which is not among the engines."
        for needed in NEEDED_IN_CI
        if in_ci and not any(needed.casefold() in line for line in told)
    ]
