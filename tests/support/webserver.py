"""A service's web server as a process: gunicorn as in production, on a free port and the tests' own database."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.registry.process import database, free_port
from tests.support.client import Client
from tests.support.waiting import eventually

BASE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class WebServer:
    """Where it listens, and its process."""

    url: str
    process: subprocess.Popen[bytes]


def environment(service: str, folder: Path, **settings: str) -> dict[str, str]:
    """Of a process of the service that works on the tests' own database."""
    own = {"DJANGO_SETTINGS_MODULE": f"{service}.settings", "DATABASE_URL": database(), "RUN_DIR": str(folder)}
    return {**os.environ, "REGISTRY_URL": "", **own, **settings}


@contextmanager
def serving(service: str, folder: Path, **settings: str) -> Iterator[WebServer]:
    """The service's web server, until the block ends; stopped as a supervisor does."""
    port = free_port()
    variables = environment(service, folder, HOST="127.0.0.1", PORT=str(port), WEB_WORKERS="1", **settings)
    command = [sys.executable, "-m", "gunicorn", "-c", "service/gunicorn.py", f"{service}.wsgi"]
    with (folder / f"{service}.log").open("wb") as output:
        process = subprocess.Popen(command, cwd=BASE, env=variables, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: Client(url).get("/actuator/health"))
        yield WebServer(url=url, process=process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
