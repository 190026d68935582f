"""Runs the tests: `make test`, `make test-all`, or `python tests/run.py integration/users -k name`.

    python tests/run.py [--all] [--engines full|light] [SUITE …] [PYTEST OPTION …]

Without a suite: every suite on the full engines (PostgreSQL, Apache Kafka, Neo4j), then the contract and a smoke
test on the light ones; with --all everything on both, with thousands of examples and long loops. A suite is a
folder or file below `tests/`. What follows the first unknown option goes to pytest as it is.
"""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.run import engines, processes, report, suites
from tests.support.run.workplace import end_systems, workplace

MINUTE = 60
INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What the command line asks for."""

    everything: bool = False
    engines: str = "full"
    names: Sequence[str] = field(default_factory=list)
    options: Sequence[str] = field(default_factory=list)


def parse(arguments: Sequence[str]) -> Request:
    """The request in `arguments`. Our options and the suites come first, the rest is pytest's."""
    everything, kind, names = False, "full", []
    rest = list(arguments)
    while rest:
        if rest[0] == "--all":
            everything = True
        elif rest[0] == "--engines" and rest[1:2] in (["full"], ["light"]):
            kind = rest.pop(1)
        elif rest[0].startswith("-"):
            break
        else:
            names.append(rest[0])
        rest.pop(0)
    return Request(everything=everything, engines=kind, names=names, options=rest)


def say(text: str) -> None:
    """Progress, at once, in order with what the suites print."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Run:
    """One run: goes through the groups of suites that share engines and keeps what came of them."""

    def __init__(self, request: Request, work: Path) -> None:
        self.request, self.work = request, work
        self.results: list[processes.Result] = []
        self.versions: dict[str, str] = {}
        self.problems: list[str] = []

    def wanted(self) -> list[suites.Suite]:
        """What was asked for. Raises LookupError for a suite that is none."""
        if self.request.names:
            return suites.select(list(self.request.names), self.request.engines)
        return suites.plan(self.request.everything)

    def go(self) -> None:
        """Run everything. What keeps it from running becomes a problem of the run."""
        if self.request.everything:
            os.environ["TEST_EVERYTHING"] = "1"
        try:
            for kind, group in groupby(self.wanted(), key=lambda suite: suite.engines):
                self._group(kind, list(group))
        except (LookupError, engines.EngineError) as error:
            self.problems.append(str(error))
        except KeyboardInterrupt:
            self.problems.append("it was interrupted")
        except Exception as error:  # noqa: BLE001 -- shown whole, and the summary must still come and say "failed"
            traceback.print_exc()
            self.problems.append(f"{type(error).__name__}: {error}")
        if not self.request.names:
            self.problems += engines.missing_in_ci(self.versions, os.environ.get("CI") == "true")

    def _group(self, kind: str, group: Sequence[suites.Suite]) -> None:
        with engines.started(kind, self.work, say) as running:
            self.versions |= running.versions
            for suite in group:
                say(f"\n═══ {suite.title} ═══")
                limit = (90 if self.request.everything else 20) * MINUTE
                result = processes.run(suite, running.environment, self.work, self.request.options, limit)
                self.results.append(result)
                end_systems(self.work, say)

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.problems) or any(result.failed for result in self.results)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """The run's exit code: 0 only where every suite ran and nothing failed."""
    if {"-h", "--help"} & set(arguments):
        say(__doc__ or "")
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):
        # SIGINT too: whoever is started in the background may have inherited that it is ignored.
        signal.signal(number, _interrupt)
    with workplace(say) as work:
        run = Run(parse(arguments), work)
        run.go()
    say(report.summary(run.results, run.versions, run.problems))
    return int(run.failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
