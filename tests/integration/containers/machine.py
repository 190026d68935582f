"""This machine in the place of a container's: the same variables, with the names of engines and services replaced."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from desktop import databases
from desktop.bootstrap import BASE
from desktop.engines.ports import choose
from desktop.health import get
from tests.integration.containers.manifests import Start
from tests.support.waiting import eventually

SECONDS = 60
# An engine's variable stays where the manifest has it, and leads to the engine of this run.
ENGINES = ("KAFKA_BOOTSTRAP_SERVERS", "NEO4J_BOLT_URL")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Starts containers' commands in a folder, all of them with the same engines and the same registry."""

    folder: Path
    prefix: str
    ports: dict[str, int] = field(default_factory=dict)

    def port(self, name: str) -> int:
        """A free port that is this name's from now on."""
        return self.ports.setdefault(name, choose())

    def environment(self, start: Start) -> dict[str, str]:
        """Exactly the manifest's variables, no other; addresses led to what is here."""
        here = dict(start.environment)
        here |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(BASE)}
        here |= {"RUN_DIR": str(self.folder / start.name), "PORT": str(self.port(start.name)), "HOST": "127.0.0.1"}
        here |= {name: os.environ[name] for name in ENGINES if name in here}
        if "DATABASE_URL" in here:
            here["DATABASE_URL"] = self.database(start.service)
        if here.get("KAFKA_BOOTSTRAP_SERVERS"):
            here["TOPIC_PREFIX"] = f"{self.prefix}-"
        if here["REGISTRY_URL"]:
            # Kubernetes puts variables into variables.
            given = here["REGISTRY_URL"].replace("$(REGISTRY_KEY)", here.get("REGISTRY_KEY", ""))
            who = urlsplit(given).netloc.rpartition("@")[0]
            here["REGISTRY_URL"] = f"http://{who}@127.0.0.1:{self.port('registry')}"
        if "METRICS_PORT" in here:
            here["METRICS_PORT"] = str(self.port(f"{start.name} metrics"))
        return here

    def database(self, service: str) -> str:
        """The URL of the service's database, made where it is missing."""
        url = databases.named(os.environ["DATABASE_URL"], f"{self.prefix}_{service}")
        databases.ensure(url)
        return url

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return subprocess.run(
            list(arguments), cwd=BASE, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
        )


class Running:
    """A container's command, started; in a block: stopped at its end."""

    def __init__(self, machine: Machine, start: Start) -> None:
        self._machine, self.start = machine, start
        self.environment = machine.environment(start)
        self.log = machine.folder / f"{start.name.replace('/', '-')}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                list(start.arguments), cwd=BASE, env=self.environment, stdout=output, stderr=output
            )

    def well(self) -> None:
        """Waits until it is: its probe says so, and of a web server its health too."""

        def check() -> None:
            assert self.process.poll() is None, self.log.read_text()
            if self.start.probe:
                answer = self._machine.run(list(self.start.probe), self.environment)
                assert answer.returncode == 0, answer.stderr + self.log.read_text()
            if self.start.process == "web":
                url = f"http://127.0.0.1:{self.environment['PORT']}/actuator/health"
                assert get(url) == (200, b'{"status":"UP"}'), self.log.read_text()

        eventually(check, within=SECONDS)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
