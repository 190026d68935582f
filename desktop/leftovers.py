"""What a supervisor that was killed left running: found by its run files, and ended."""

from collections.abc import Callable
from pathlib import Path

from desktop import runfiles

SECONDS_FOR_SERVICES = 4.0
SECONDS_FOR_ENGINES = 8.0


def found(run: Path) -> list[runfiles.Identity]:
    """Every process of this data folder that still runs, services first."""
    return [*_of(run / "processes"), *_of(run / "engines")]


def end(run: Path, notice: Callable[[str], None]) -> int:
    """Ends what an earlier supervisor left: services first, then engines. How many there were."""
    left = found(run)
    if left:
        notice(f"An earlier run was killed and left {len(left)} processes: ending them")
        runfiles.end(_of(run / "processes"), patience=SECONDS_FOR_SERVICES)
        runfiles.end(_of(run / "engines"), patience=SECONDS_FOR_ENGINES)
    for file in run.glob("*/*.json"):
        file.unlink(missing_ok=True)
    (run / "system.json").unlink(missing_ok=True)
    return len(left)


def end_engines(run: Path) -> None:
    """Ends engines that did not stop by themselves in time, and forgets them."""
    runfiles.end(_of(run / "engines"), patience=0)
    for file in (run / "engines").glob("*.json"):
        file.unlink(missing_ok=True)


def _of(folder: Path) -> list[runfiles.Identity]:
    recalled = (runfiles.recall(file) for file in sorted(folder.glob("*.json")))
    return [identity for identity in recalled if identity is not None]
