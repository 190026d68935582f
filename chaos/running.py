"""One chaos run: the system, the load, the kills, the rest at the end, and the account by another program."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos import standbys
from chaos.backlog import OWNED, Backlog
from chaos.killer import Killer
from chaos.ledger import Ledger
from chaos.load import Load
from chaos.plan import hits
from chaos.targets import Targets
from desktop import health
from desktop.bootstrap import BASE
from desktop.environments import ENGINE_VARIABLES
from desktop.services import DOMAIN, SERVICES, Ports
from desktop.supervisor import System

# A service that hangs is given up sooner than in production, so that more is asked again.
ENVIRONMENT = {"GATEWAY_TIMEOUT_SECONDS": "5"} | dict.fromkeys(ENGINE_VARIABLES, "")
SECONDS_TO_SETTLE = 180.0
LOOK_EVERY = 0.5
Show = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What was asked for."""

    seconds: float
    seed: int
    engines: str
    folder: Path


class Run:
    """A run in one folder: the system's data, `ledger.jsonl`, `kills.jsonl`, `where.json`, then `stores.json`."""

    def __init__(self, settings: Settings, show: Show, say: Show) -> None:
        self.settings, self._show, self._say = settings, show, say
        self.problems: list[str] = []
        self.account = 1
        self._began = time.monotonic()

    @property
    def failed(self) -> bool:
        """Whether anything is lost, doubled, wrong, or did not come to rest."""
        return bool(self.problems) or self.account != 0

    def go(self) -> None:
        """All of it. Raises DesktopError where the system does not start."""
        folder = self.settings.folder
        with (folder / "supervisor.log").open("w") as log:

            def notice(text: str) -> None:
                log.write(f"{time.strftime('%H:%M:%S')} {text}\n")
                log.flush()

            system = System(
                folder / "data",
                ports=Ports.free(),
                engines=self.settings.engines,
                environment=ENVIRONMENT,
                notice=notice,
            )
            with system:
                standbys.add(system)
                self._in(system)

    def _in(self, system: System) -> None:
        where = addresses(system) | {"seed": self.settings.seed}
        (self.settings.folder / "where.json").write_text(json.dumps(where))
        ledger = Ledger(self.settings.folder / "ledger.jsonl")
        load = Load(system.urls["gateway"], system.urls["registry"], ledger, self.settings.seed)
        backlog, looking = (Backlog(where) for _ in range(2))
        plan = hits(self.settings.seed, [engine.name for engine in system.room.engines])
        killer = Killer(Targets(system, load, looking), load, plan, self.settings.folder / "kills.jsonl")
        self._began = time.monotonic()
        load.start()
        killer.start()
        self._storm(load, killer, backlog)
        self._calm(system, load, killer, backlog, ledger)
        for one in (backlog, looking, ledger):
            one.close()
        self._kills(killer)
        self._say("")
        self.account = self._accounted()

    # -- storm and calm ----------------------------------------------------------------------------------------

    def _storm(self, load: Load, killer: Killer, backlog: Backlog) -> None:
        end = self._began + self.settings.seconds
        while time.monotonic() < end and not killer.problem:
            self._progress(load, killer, str(backlog.waiting()), killer.said)
            time.sleep(LOOK_EVERY)
        self._progress(load, killer, str(backlog.waiting()), "the load stops")
        killer.stop()
        if killer.problem:
            self.problems.append(f"The system makes {killer.problem}.")

    def _calm(self, system: System, load: Load, killer: Killer, backlog: Backlog, ledger: Ledger) -> None:
        began = time.monotonic()
        if not load.stop(SECONDS_TO_SETTLE):
            self.problems.append(f"Some outcomes were not known {SECONDS_TO_SETTLE:.0f} s after the storm.")
        self._settle(system, load, killer, backlog)
        # What a stopped process still had in its hands has ended by now: the gateway gave it up long ago.
        time.sleep(1.0)
        ledger.write("calm", kind="")
        load.ask_doubtful_again()
        self._settle(system, load, killer, backlog)
        self._progress(load, killer, str(backlog.waiting()), f"at rest after {time.monotonic() - began:.0f} s")

    def _settle(self, system: System, load: Load, killer: Killer, backlog: Backlog) -> None:
        deadline = time.monotonic() + SECONDS_TO_SETTLE
        while left := _unhealthy(system) or backlog.settled():
            if time.monotonic() > deadline:
                self.problems.append(f"It did not come to rest in {SECONDS_TO_SETTLE:.0f} s: {left}.")
                return
            self._progress(load, killer, str(backlog.waiting()), f"until it rests: {left}")
            time.sleep(LOOK_EVERY)

    def _progress(self, load: Load, killer: Killer, waiting: str, said: str) -> None:
        passed, whole = int(time.monotonic() - self._began), int(self.settings.seconds)
        kills, counted = killer.kills.total(), killer.counted.total()
        self._show(
            f"{passed // 60}:{passed % 60:02} of {whole // 60}:{whole % 60:02}  {load.accepted:,} commands  "
            f"{kills} kills ({counted} at work)  backlog {waiting}  {said}"
        )

    # -- the end -----------------------------------------------------------------------------------------------

    def _kills(self, killer: Killer) -> None:
        self._say(f"{'killed with kill -9':<28}{'kills':>7}{'counted':>9}   (counted: it had work in flight)")
        for name, number in sorted(killer.kills.items()):
            self._say(f"  {name:<26}{number:>7}{killer.counted[name]:>9}")
        self._say(f"  {'all':<26}{killer.kills.total():>7}{killer.counted.total():>9}")
        if killer.others:
            self._say("  besides: " + ", ".join(f"{number} × {how}" for how, number in sorted(killer.others.items())))

    def _accounted(self) -> int:
        """The account's exit code. A program of its own: it shares nothing with what it looks at."""
        given = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        command = [sys.executable, "-m", "chaos.account", str(self.settings.folder)]
        done = subprocess.run(command, cwd=BASE, env=given, stdout=subprocess.PIPE, text=True, check=False)
        self._say(done.stdout.rstrip())
        return done.returncode


def _unhealthy(system: System) -> str:
    gone = [name for name, process in system.processes.items() if not process.running]
    gone += [engine.name for engine in system.room.engines if not system.room.alive(engine)]
    gateway = system.urls["gateway"]
    gone += [one.name for one in SERVICES if one.prefix and not health.healthy(gateway + one.prefix)]
    return f"waiting for {', '.join(gone)}" if gone else ""


def addresses(system: System) -> dict[str, Any]:
    """Where the stores of a system are, for who looks into them."""
    environments = {service.name: system.environment(service) for service in DOMAIN}
    one, prefix = environments["recommendations"], system.given.get("TOPIC_PREFIX", "")
    return {
        "databases": {name: found["DATABASE_URL"] for name, found in environments.items()},
        "kafka": one["KAFKA_BOOTSTRAP_SERVERS"],
        "graph": one["NEO4J_BOLT_URL"],
        "gateway": system.urls["gateway"],
        "topics": {topic: prefix + topic for topic in OWNED.values()},
    }
