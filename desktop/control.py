"""Starting the system for somebody who waits, and stopping one that another process started."""

import argparse
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from desktop import detach, leftovers, runfiles, screen, signals, status
from desktop.detach import Reporter
from desktop.errors import DesktopError, Stopped
from desktop.screen import Screen
from desktop.services import Ports
from desktop.supervisor import System

INTERRUPTED = 130
SECONDS_TO_GO_DOWN = 40.0


def up(chosen: argparse.Namespace) -> int:
    """`./manage.py up`: in the foreground, detached, or as the background side of a detached one."""
    if chosen.report_to is not None:
        return _in_background(chosen, Reporter(chosen.report_to))
    shown = Screen()
    shown.notice(f"Starting with the {chosen.engines} engines, data in {screen.short(chosen.data.resolve())}")
    return _detached(chosen, shown) if chosen.detach else _in_foreground(chosen, shown)


def _system(chosen: argparse.Namespace, notice: detach.Notice) -> System:
    return System(chosen.data, ports=Ports().changed(dict(chosen.ports)), engines=chosen.engines, notice=notice)


def _in_foreground(chosen: argparse.Namespace, shown: Screen) -> int:
    system = _system(chosen, shown.notice)
    with signals.asking(system.stopping):
        try:
            system.start()
        except Stopped:
            shown.notice("Stopped before all was up; nothing is left running.")
            return INTERRUPTED
        for part in screen.overview(status.of(system.data), system.password, detached=False):
            shown.show(part)
        system.stopping.wait()
        shown.notice("Stopping …")
        system.stop()
        shown.notice("Stopped.")
    return 0


def _in_background(chosen: argparse.Namespace, reporter: Reporter) -> int:
    system = _system(chosen, reporter.notice)
    with signals.asking(system.stopping):
        try:
            system.start()
        except (DesktopError, Stopped) as error:
            reporter.failed(str(error) or "Stopped before all was up; nothing is left running.")
            return 1
        reporter.ready()
        system.stopping.wait()
        reporter.notice("Stopping …")
        system.stop()
        reporter.notice("Stopped.")
    return 0


def _detached(chosen: argparse.Namespace, shown: Screen) -> int:
    detach.start(chosen.data.resolve(), _options(chosen), shown.notice)
    password = (chosen.data / "admin-password").read_text().strip()
    for part in screen.overview(status.of(chosen.data.resolve()), password, detached=True):
        shown.show(part)
    return 0


def _options(chosen: argparse.Namespace) -> Sequence[str]:
    ports = [text for name, number in chosen.ports for text in ("--port", f"{name}={number}")]
    return ["--engines", chosen.engines, "--data", str(chosen.data.resolve()), *ports]


def down(chosen: argparse.Namespace) -> int:
    """`./manage.py down`: asks the supervisor to stop and waits for its end; ends what a killed one left."""
    data = chosen.data.resolve()
    supervisor = runfiles.recall(data / "run" / "system.json")
    if supervisor is not None and supervisor.pid != os.getpid():
        runfiles.send(supervisor, signal.SIGTERM)
        if not _gone(supervisor, SECONDS_TO_GO_DOWN):
            raise DesktopError(f"The supervisor (process {supervisor.pid}) does not stop. Look at {data / 'logs'}.")
        print("Stopped.")
        return 0
    print("Stopped." if data.exists() and end_leftovers(data) else f"Nothing runs in {data}.")
    return 0


def _gone(identity: runfiles.Identity, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while identity.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def end_leftovers(data: Path) -> int:
    """Ends what a killed supervisor of this data folder left; how many processes it was."""
    return leftovers.end(data, print)
