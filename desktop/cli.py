"""`./manage.py up`, `down`, `status`, `reset`, `demo`, `help`."""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from desktop import control, demo, preflight, status
from desktop.bootstrap import BASE
from desktop.engines import remove
from desktop.errors import DesktopError
from desktop.screen import Screen, engines, services
from desktop.services import SERVICES, InvalidPort, Ports

INTERRUPTED = 130
HELP = """\
The whole system:
  ./manage.py up [--detach] [--engines light|full] [--data FOLDER] [--port NAME=NUMBER]…
  ./manage.py status [--json]      what runs, and where
  ./manage.py down                 stop what runs
  ./manage.py reset [--yes]        delete all data
  ./manage.py demo [--network karate|les-miserables|random:USERS:TIES[:SEED]]
  ./manage.py simulate [--users N] [--ties N] [--host URL] …   load, with a report (make load)

One service ({services}), in the environment of the running system:
  ./manage.py SERVICE COMMAND …    e.g. ./manage.py users verify; ./manage.py users help lists them

The project:
  ./manage.py python FILE …        run a file (tests/run.py) with the development packages
  make help                        up, demo, load, test, test-all, lint, format, clean
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="./manage.py", usage=_overview())
    whole.set_defaults(run=_help)
    commands = whole.add_subparsers(metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", type=Path, default=BASE / ".data", help="the folder of all data (.data)")

    up = commands.add_parser("up", parents=[common], help="start the whole system")
    up.add_argument("--detach", action="store_true", help="in the background; returns when all is healthy")
    up.add_argument("--engines", choices=("light", "full"), default="light")
    up.add_argument("--port", action="append", default=[], metavar="NAME=NUMBER", type=_port, dest="ports")
    up.add_argument("--report-to", type=int, help=argparse.SUPPRESS)
    up.set_defaults(run=control.up)

    commands.add_parser("down", parents=[common], help="stop it").set_defaults(run=control.down)
    shown = commands.add_parser("status", parents=[common], help="what runs, and where")
    shown.add_argument("--json", action="store_true")
    shown.set_defaults(run=_status)
    reset = commands.add_parser("reset", parents=[common], help="delete all data")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    reset.set_defaults(run=_reset)
    demo.add_arguments(commands.add_parser("demo", parents=[common], help="load a network and look at it"))
    commands.add_parser("help", help="this list").set_defaults(run=_help)
    return whole


def _port(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    try:
        Ports().changed({name: int(number)})
    except ValueError as error:
        sentence = str(error) if isinstance(error, InvalidPort) else f"{text!r} is not NAME=NUMBER."
        raise argparse.ArgumentTypeError(sentence) from None
    return name, int(number)


def main(arguments: Sequence[str]) -> int:
    """Runs one command; its exit code. What the user can mend is said in a sentence."""
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except DesktopError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output (head, less) has seen enough.
        sys.stderr.close()
    return 1


def _help(chosen: argparse.Namespace) -> int:
    print(_overview(), end="")
    return 0


def _overview() -> str:
    return HELP.format(services=", ".join(service.name for service in SERVICES))


def _status(chosen: argparse.Namespace) -> int:
    found = status.of(chosen.data.resolve())
    if chosen.json:
        print(json.dumps(asdict(found), default=str, indent=2))
    elif found.supervisor is None:
        print(f"Nothing runs in {found.data}. ./manage.py up starts it.")
    else:
        screen = Screen()
        screen.show(services(found))
        screen.show(f"\n[dim]Engines[/]  {engines(found)}")
        screen.show(f"[dim]Metrics[/]  prometheus --config.file={found.data / 'metrics' / 'prometheus.yml'}")
        screen.show(f"[dim]All[/]      {found.state}, supervisor {found.supervisor}, data in {found.data}")
    return 0 if found.state == status.UP else 1


def _reset(chosen: argparse.Namespace) -> int:
    data = chosen.data.resolve()
    if not data.exists():
        print(f"There are no data in {data}.")
        return 0
    if not (data / preflight.MARK).exists():
        raise DesktopError(f"{data} is not a data folder of this system: nothing was deleted.")
    with preflight.locked(data):
        control.end_leftovers(data)
        if not chosen.yes and not _agreed(f"Delete everything in {data}? [y/N] "):
            print("Nothing was deleted.")
            return 1
        remove(data / "engines")
        shutil.rmtree(data)
    print(f"Deleted {data}.")
    return 0


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in {"y", "yes"}
    except EOFError:
        print()
        return False
