"""Runs the tests: `make test`, `make test-all`, or `python tests/run.py integration/users -k name`.

    python tests/run.py [--all] [--engines full|light] [--lanes N] [SUITE …] [PYTEST OPTION …]

Without a suite: every suite on the full engines (PostgreSQL, Apache Kafka, Neo4j), then the contract and a smoke
test on the light ones; with --all everything on both, with thousands of examples and long loops. A suite is a
folder or file below `tests/`. As many suites as there are lanes run beside each other (one for each core, at most 2),
each lane on engines of its own; a suite's output comes when it has ended, or as it is
printed where there is one lane. What follows the first unknown option goes to pytest as it is.
"""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.run import engines, lanes, processes, report, suites
from tests.support.run.workplace import workplace

MINUTE = 60
# More would only wait for the disk and for each other; each has a whole set of engines in memory.
LANES = min(os.cpu_count() or 1, 2)
SPEAKING = threading.Lock()
INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What the command line asks for."""

    everything: bool = False
    engines: str = "full"
    lanes: int = LANES
    names: Sequence[str] = field(default_factory=list)
    options: Sequence[str] = field(default_factory=list)


def parse(arguments: Sequence[str]) -> Request:
    """The request in `arguments`. Our options and the suites come first, the rest is pytest's."""
    everything, kind, lanes, names = False, "full", LANES, []
    rest = list(arguments)
    while rest:
        if rest[0] == "--all":
            everything = True
        elif rest[0] == "--engines" and rest[1:2] in (["full"], ["light"]):
            kind = rest.pop(1)
        elif rest[0] == "--lanes" and rest[1:2] and rest[1].isdecimal() and int(rest[1]):
            lanes = int(rest.pop(1))
        elif rest[0].startswith("-"):
            break
        else:
            names.append(rest[0])
        rest.pop(0)
    return Request(everything=everything, engines=kind, lanes=lanes, names=names, options=rest)


def say(text: str) -> None:
    """Progress, at once and whole: the lanes speak through it too."""
    with SPEAKING:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


class Run:
    """One run: hands the suites out to lanes and keeps what came of them."""

    def __init__(self, request: Request, work: Path) -> None:
        self.request, self.work = request, work
        self.outcome = lanes.Outcome()

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
            wanted = self.wanted()
            lanes.go(self._lanes(wanted))
            self.outcome.results.sort(key=lambda result: wanted.index(result.suite))
        except LookupError as error:
            self.outcome.problems.append(str(error))
        except KeyboardInterrupt:
            self.outcome.problems.append("it was interrupted")
        if not self.request.names:
            self.outcome.problems += engines.missing_in_ci(self.outcome.versions, os.environ.get("CI") == "true")

    def _lanes(self, wanted: Sequence[suites.Suite]) -> list[lanes.Lane]:
        queue = lanes.Queue(wanted)
        limit = (90 if self.request.everything else 20) * MINUTE
        folders = [self.work / f"lane-{number + 1}" for number in range(min(self.request.lanes, len(wanted)))]
        how = processes.How(options=self.request.options, limit=limit, live=len(folders) == 1)
        return [lanes.Lane(folder, queue, self.outcome, say, how) for folder in folders]

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.outcome.problems) or any(result.failed for result in self.outcome.results)


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
    say(report.summary(run.outcome.results, run.outcome.versions, run.outcome.problems))
    return int(run.failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
