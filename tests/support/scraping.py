"""A real Prometheus on a running system: it scrapes what `./manage.py up` would have it scrape."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from desktop import scraping
from desktop.engines import ports
from desktop.supervisor import System
from tests.support import prometheus
from tests.support.client import Client
from tests.support.waiting import eventually


class Prometheus:
    """One that runs."""

    def __init__(self, url: str) -> None:
        self._client = Client(url)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of the answer, now. Raises AssertionError with what it says of a query that is none."""
        said = self._get("query", {"query": expression})
        found: list[dict[str, Any]] = said["data"]["result"]
        return found

    def targets(self) -> dict[str, str]:
        """How each target is, by `service-process`."""
        found = self._get("targets", {"state": "active"})["data"]["activeTargets"]
        return {f"{one['labels']['service']}-{one['labels']['process']}": one["health"] for one in found}

    def firing(self) -> set[str]:
        """The alarms that fire now."""
        alerts = self._get("alerts", {})["data"]["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    def _get(self, what: str, parameters: dict[str, str]) -> Any:
        answer = self._client.get(f"/api/v1/{what}?{urlencode(parameters)}")
        assert answer.status == 200, answer.body.decode()
        return answer.json()


@contextmanager
def scraping_it(system: System, folder: Path, *, rules: Path, seconds: int = 2) -> Iterator[Prometheus]:
    """Have Prometheus scrape the system every so many seconds, and judge it by `rules`, until the block ends. Raises
    prometheus.Unavailable."""
    binary = prometheus.program("prometheus")
    configuration = scraping.write(folder, system.metrics)
    told = yaml.safe_load(configuration.read_text())
    told["global"] = {"scrape_interval": f"{seconds}s", "evaluation_interval": f"{seconds}s"}
    configuration.write_text(yaml.safe_dump({**told, "rule_files": [str(rules)]}))
    port = ports.choose()
    options = [f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}"]
    options += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([binary, *options], stdout=log, stderr=log)
    try:
        one = Prometheus(f"http://127.0.0.1:{port}")
        eventually(lambda: _all_up(one, set(system.metrics)), within=60)
        yield one
    finally:
        process.terminate()
        process.wait(timeout=30)


def _all_up(one: Prometheus, wanted: set[str]) -> None:
    assert one.targets() == dict.fromkeys(wanted, "up"), json.dumps(one.targets())
