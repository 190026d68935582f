"""The real web server of recommendations as a process: gunicorn, a free port, the tests' own database and graph."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from tests.support.client import Client
from tests.support.waiting import eventually

BASE = Path(__file__).resolve().parents[3]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])


def _database() -> str:
    found = connection.settings_dict
    user, password = quote(found["USER"], safe=""), quote(found["PASSWORD"], safe="")
    return f"postgres://{user}:{password}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Replica:
    """One of the web servers that may run beside each other."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def client(self) -> Client:
        """Speaks to it."""
        return Client(f"http://127.0.0.1:{self.port}")

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@contextmanager
def running(folder: Path, *, threads: int) -> Iterator[Replica]:
    """A replica with one worker of so many threads, from when it is healthy until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    own = {
        "DJANGO_SETTINGS_MODULE": "recommendations.settings",
        "DATABASE_URL": _database(),
        "DATABASE_DIRECT_URL": "",
        "HOST": "127.0.0.1",
        "PORT": str(_free_port()),
        "WEB_WORKERS": "1",
        "WEB_THREADS": str(threads),
        "RUN_DIR": str(folder),
        "REGISTRY_URL": "",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "service/gunicorn.py", "recommendations.wsgi"]
    with (folder / "web.log").open("wb") as output:
        process = subprocess.Popen(command, cwd=BASE, env=os.environ | own, stdout=output, stderr=output)
    replica = Replica(port=int(own["PORT"]), process=process)
    try:
        eventually(lambda: _healthy(replica), within=60)
        yield replica
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _healthy(replica: Replica) -> None:
    assert replica.client.get("/actuator/health").status == 200
