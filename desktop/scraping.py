"""Where each process's metrics are, and Prometheus' configuration that scrapes them all.

Web servers serve them at their own port, the gateway and what is no web server at a port that only Prometheus needs:
chosen free, and remembered in the data folder, so that it stays the same from run to run.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from desktop.engines import ports
from desktop.services import GATEWAY, SERVICES, Ports

PATH = "/actuator/prometheus"
CONFIGURATION = """\
# Written by ./manage.py up: prometheus --config.file=THIS_FILE scrapes the whole system.
global:
  scrape_interval: 5s
scrape_configs:
  - job_name: social-network
    metrics_path: {path}
    file_sd_configs:
      - files: [targets.json]
"""


def needs_port(name: str) -> bool:
    """Whether a process (`users-relay`) has its metrics at a port of their own."""
    return name == f"{GATEWAY.name}-web" or not name.endswith("-web")


def names() -> list[str]:
    """Every process whose metrics are scraped."""
    return [f"{service.name}-{process}" for service in SERVICES for process in service.processes]


def choose(folder: Path) -> dict[str, int]:
    """The ports of those processes that need one, by name, as they are remembered in `folder` where they are free."""
    folder.mkdir(parents=True, exist_ok=True)
    return {name: ports.remembered(folder / f"{name}.port") for name in names() if needs_port(name)}


def addresses(web: Ports, own: Mapping[str, int]) -> dict[str, str]:
    """Where the metrics of each process are, as `host:port` by name; without those whose port is not known."""
    found = {name: own.get(name) for name in names()}
    for service in SERVICES:
        if service != GATEWAY:
            found[f"{service.name}-web"] = web.of(service)
    return {name: f"127.0.0.1:{port}" for name, port in found.items() if port}


def write(folder: Path, found: Mapping[str, str]) -> Path:
    """Write `prometheus.yml` and the targets beside it; the path of the former."""
    targets = [
        {"targets": [address], "labels": dict(zip(("service", "process"), name.split("-", 1), strict=True))}
        for name, address in found.items()
    ]
    (folder / "targets.json").write_text(json.dumps(targets, indent=2) + "\n")
    configuration = folder / "prometheus.yml"
    configuration.write_text(CONFIGURATION.format(path=PATH))
    return configuration
