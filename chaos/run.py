"""`make chaos [MINUTES=5] [SEED=…] [ENGINES=full]`: kills everything at random under load, then accounts for it.

    ./manage.py python chaos/run.py [--minutes 5] [--seed N] [--engines full|light] [--keep]

Exit code 0: nothing lost, nothing doubled, nothing wrong. Otherwise data, logs and ledger are kept.
"""

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chaos.running import Run, Settings
from desktop import engines
from desktop.errors import DesktopError

PREFIX = "social-network-chaos-"
SHOW_EVERY = 10.0
INTERRUPTED = 130


class Screen:
    """One line of progress on a terminal; elsewhere a line every ten seconds."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._next, self._open = 0.0, False

    def show(self, line: str) -> None:
        """The present state."""
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write(f"\r{line[:width]:<{width}}")
            self._open = True
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + SHOW_EVERY
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Lines that stay."""
        end_of_line = "\n" if self._open else ""
        sys.stdout.write(f"{end_of_line}{text}\n")
        self._open = False
        sys.stdout.flush()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="chaos/run.py", description="Kill everything at random, then account.")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=None, help="the plan of kills and commands; by default any")
    parser.add_argument("--engines", choices=("full", "light"), default="full")
    parser.add_argument("--keep", action="store_true", help="keep data, logs and ledger of a good run too")
    return parser.parse_args(arguments)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """The run's exit code."""
    asked = parse(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    # PostgreSQL does not run as root: its user must be able to reach its folder below.
    folder.chmod(0o755)
    screen = Screen()
    screen.say(f"Chaos for {asked.minutes:g} minutes, seed {seed}, engines {asked.engines}, in {folder}")
    settings = Settings(seconds=asked.minutes * 60, seed=seed, engines=asked.engines, folder=folder)
    run = Run(settings, screen.show, screen.say)
    try:
        run.go()
    except DesktopError as error:
        screen.say(f"The system did not start: {error}")
    except KeyboardInterrupt:
        screen.say("Interrupted: there is no account.")
        _remove(folder)
        return INTERRUPTED
    return _end(run, folder, seed, asked, screen)


def _end(run: Run, folder: Path, seed: int, asked: argparse.Namespace, screen: Screen) -> int:
    for problem in run.problems:
        screen.say(problem)
    if run.failed or asked.keep:
        screen.say(
            f"Kept: {folder} (ledger.jsonl, kills.jsonl, stores.json, data/logs). Look again:\n"
            f"  ./manage.py python chaos/account/__main__.py {folder} --again\n"
            f"  ./manage.py up --engines {asked.engines} --data {folder / 'data'}\n"
            f"The same hits: make chaos MINUTES={asked.minutes:g} SEED={seed} ENGINES={asked.engines}"
        )
    else:
        _remove(folder)
    return 1 if run.failed else 0


def _remove(folder: Path) -> None:
    engines.remove(folder / "data" / "engines")
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
