"""What a supervisor that was killed left running: found by its run files, and ended."""

from collections.abc import Callable, Iterable
from pathlib import Path

from desktop import runfiles

SECONDS_FOR_SERVICES = 4.0
SECONDS_FOR_ENGINES = 8.0


def end(data: Path, notice: Callable[[str], None]) -> int:
    """Ends what an earlier supervisor left: services first, then engines. How many there were."""
    services, engines = _services(data), _engines(data)
    left = len(services) + len(engines)
    if left:
        notice(f"An earlier run was killed and left {left} processes: ending them")
        runfiles.end(services, patience=SECONDS_FOR_SERVICES)
        runfiles.end(engines, patience=SECONDS_FOR_ENGINES)
    for file in (data / "run").glob("processes/*.json"):
        file.unlink(missing_ok=True)
    (data / "run" / "system.json").unlink(missing_ok=True)
    return left


def end_engines(data: Path) -> None:
    """Ends engines that did not stop by themselves in time."""
    runfiles.end(_engines(data), patience=0)


def _services(data: Path) -> list[runfiles.Identity]:
    return _running((data / "run" / "processes").glob("*.json"))


def _engines(data: Path) -> list[runfiles.Identity]:
    return _running((data / "engines").glob("*/process.json"))


def _running(files: Iterable[Path]) -> list[runfiles.Identity]:
    recalled = (runfiles.recall(file) for file in sorted(files))
    return [identity for identity in recalled if identity is not None]
