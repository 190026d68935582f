"""Which suites there are: one for each folder of `unit` and `integration`; `contract`, `faults`, `system`, `cluster`.

Folders are the only registration: a new `tests/integration/<service>` is picked up by being there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
SERVICES = ("users", "friends", "recommendations", "gateway", "registry")
# A folder that is no service but needs a Django project runs under a service that has what it needs.
SETTINGS = {"eventsourcing": "users.settings", "service": "users.settings"}
ENGINELESS = "unit"
# Those of production and nothing else: what the others lose or repeat in a crash says nothing about it.
FULL_ONLY = ("faults",)
# Those that take minutes, the longest first: begun last, one of them would run on alone while the other lanes idle.
LONG = ("system", "faults", "integration/eventsourcing", "integration/stateful", "integration/recommendations")


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """One pytest process: what it runs, under which settings module, and on which engines."""

    name: str
    paths: tuple[str, ...]
    settings: str | None = None
    engines: str = "none"

    @property
    def title(self) -> str:
        """The name as the summary shows it: the engines matter only where both kinds are run."""
        return f"{self.name} (light)" if self.engines == "light" else self.name

    def on(self, engines: str) -> "Suite":
        """The same suite on another kind of engines."""
        return replace(self, engines=engines)


def settings_of(folder: Path) -> str | None:
    """The settings module for the tests in `folder`: its own `settings.py`, else by its name."""
    if (folder / "settings.py").is_file():
        return ".".join(("tests", *folder.relative_to(TESTS).parts, "settings"))
    return f"{folder.name}.settings" if folder.name in SERVICES else SETTINGS.get(folder.name)


def _has_tests(folder: Path) -> bool:
    return any(folder.rglob("test_*.py"))


def discover(tests: Path = TESTS) -> Iterator[Suite]:
    """Every suite, in the order in which they run: the fast and narrow first."""
    for kind, engines in ((ENGINELESS, "none"), ("integration", "full")):
        for folder in sorted(path for path in (tests / kind).iterdir() if path.is_dir()):
            if _has_tests(folder):
                name = f"{kind}/{folder.name}"
                yield Suite(name=name, paths=(name,), settings=settings_of(folder), engines=engines)
    for name, engines in (("contract", "full"), ("faults", "full"), ("system", "full"), ("cluster", "none")):
        if _has_tests(tests / name):
            yield Suite(name=name, paths=(name,), engines=engines)


def _turn(suite: Suite) -> tuple[bool, int]:
    """Where a suite stands in a run: those without engines, the long, the others."""
    return suite.engines != "none", LONG.index(suite.name) if suite.name in LONG else len(LONG)


def plan(everything: bool, tests: Path = TESTS) -> list[Suite]:
    """The suites of `make test`, or of `make test-all` where `everything`: the full engines' first, then the
    light engines': the contract and a smoke test, or all that needs engines."""
    suites = sorted(discover(tests), key=_turn)
    again = [suite.on("light") for suite in suites if suite.engines == "full" and suite.name not in FULL_ONLY]
    if not everything:
        again = [suite for suite in again if suite.name == "contract"]
        again.append(Suite(name="smoke", paths=("system/test_smoke.py",), engines="light"))
    return suites + again


def _narrowed(suite: Suite, wanted: str) -> Suite | None:
    if suite.name == wanted or suite.name.startswith(f"{wanted}/"):
        return suite
    return replace(suite, paths=(wanted,)) if wanted.startswith(f"{suite.name}/") else None


def select(names: list[str], engines: str, tests: Path = TESTS) -> list[Suite]:
    """The suites that `names` ask for (`unit`, `integration/users`, `system/test_smoke.py::test_one`), those
    that need engines on the kind `engines`. Raises LookupError for a name that is none."""
    found: dict[str, Suite] = {}
    for name in names:
        wanted = name.removeprefix("tests/").rstrip("/")
        matching = [narrow for suite in discover(tests) if (narrow := _narrowed(suite, wanted))]
        if not matching:
            raise LookupError(f"There is no suite {name!r}.")
        for suite in matching:
            # Two files of one suite run in one process, on one system.
            paths = dict.fromkeys((*(found[suite.name].paths if suite.name in found else ()), *suite.paths))
            kind = suite.engines if suite.engines == "none" or suite.name in FULL_ONLY else engines
            found[suite.name] = replace(suite, paths=tuple(paths), engines=kind)
    return list(found.values())
