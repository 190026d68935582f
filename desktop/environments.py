"""What each service finds in its environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from desktop import databases
from desktop.bootstrap import READY
from desktop.services import REGISTRY, Ports, Service

ENGINE_VARIABLES = ("DATABASE_URL", "DATABASE_DIRECT_URL", "KAFKA_BOOTSTRAP_SERVERS", "NEO4J_BOLT_URL")


def of_service(
    service: Service, *, ports: Ports, engines: Mapping[str, str], shared: Mapping[str, str], run: Path
) -> dict[str, str]:
    """The variables of one service: engines' addresses, its port and database, its folder of run files.

    `engines` are the variables that the engines gave (or the user), `shared` what is the same for all services.
    """
    variables = dict(shared) | {
        "DJANGO_SETTINGS_MODULE": f"{service.name}.settings",
        "HOST": "127.0.0.1",
        "PORT": str(ports.of(service)),
        "WEB_PROTOCOL": service.protocol,
        "RUN_DIR": str(run / service.name),
        "REGISTRY_URL": ports.url(REGISTRY),
        # Everything listens on this machine only.
        "REGISTRY_KEY": "",
        "REGISTRY_NETWORKS": "127.0.0.0/8,::1/128",
    }
    for name in ENGINE_VARIABLES:
        if engines.get(name):
            variables[name] = engines[name]
    for name in ("DATABASE_URL", "DATABASE_DIRECT_URL"):
        if not service.database:
            variables[name] = ""
        elif name in variables:
            variables[name] = databases.named(variables[name], service.name)
    return variables


def whole(variables: Mapping[str, str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """A process's whole environment: the supervisor's own (or `given`), and a service's variables over it."""
    return {**(os.environ if given is None else given), **variables, READY: "1", "PYTHONUNBUFFERED": "1"}


def web_workers(given: Mapping[str, str]) -> str:
    """Web workers of each service: a core each would starve the engines, so half of them, at most four."""
    return given.get("WEB_WORKERS") or str(max(1, min(4, (os.cpu_count() or 1) // 2)))
