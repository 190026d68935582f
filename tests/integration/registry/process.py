"""The real registry as a process: gunicorn, a free port, a folder of its own, the database of the tests."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from tests.support.client import Client
from tests.support.waiting import until

BASE = Path(__file__).resolve().parents[3]
# Takes connections nowhere.
NO_DATABASE = "postgres://nobody@127.0.0.1:1/nothing"


def free_port() -> int:
    """A port that was free just now."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])


def database() -> str:
    """Where the tests' own database is. To be read when it has been made."""
    found = connection.settings_dict
    user, password = quote(found["USER"], safe=""), quote(found["PASSWORD"], safe="")
    return f"postgres://{user}:{password}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


def _answers(url: str) -> bool:
    try:
        Client(url).get("/actuator/health")
    except OSError:
        return False
    return True


@contextmanager
def running(folder: Path, database_url: str, **variables: str) -> Iterator[str]:
    """The URL of a registry that listens until the block ends. AssertionError where it ended by itself."""
    port = free_port()
    own = {
        "DJANGO_SETTINGS_MODULE": "registry.settings",
        "DATABASE_URL": database_url,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_WORKERS": "1",
        "RUN_DIR": str(folder),
        "REGISTRY_URL": "",
    } | variables
    command = [sys.executable, "-m", "gunicorn", "-c", "service/gunicorn.py", "registry.wsgi"]
    with (folder / "registry.log").open("wb") as output:
        process = subprocess.Popen(command, cwd=BASE, env=os.environ | own, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: process.poll() is not None or _answers(url))
        assert process.poll() is None, "the registry ended"
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
