"""Probes of containers, as the commands that they are."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from desktop.bootstrap import BASE


class Handler(BaseHTTPRequestHandler):
    """Answers 200 on the path of liveness, else 503."""

    def do_GET(self) -> None:
        """One answer."""
        self.send_response(200 if self.path == "/actuator/health/liveness" else 503)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@contextmanager
def server() -> Iterator[int]:
    """The port of a server that runs until the block ends."""
    with HTTPServer(("127.0.0.1", 0), Handler) as opened:
        thread = threading.Thread(target=opened.serve_forever)
        thread.start()
        try:
            yield opened.server_address[1]
        finally:
            opened.shutdown()
            thread.join()


def probe(*arguments: str, **environment: str) -> int:
    """The probe's exit code."""
    command = [sys.executable, "-m", "service.alive", *arguments]
    return subprocess.run(command, cwd=BASE, env=os.environ | environment, check=False).returncode


def test_it_asks_its_own_web_server_and_others() -> None:
    with server() as port:
        own, other = f"http://127.0.0.1:{port}/actuator/health/liveness", f"http://127.0.0.1:{port}/"
        assert probe(PORT=str(port)) == 0
        assert probe(own, own) == 0
        assert probe(own, other) == 1
    assert probe(PORT=str(port)) == 1


@pytest.mark.parametrize(("age", "code"), [(5, 0), (120, 1), (None, 1)])
def test_a_heartbeat_must_be_there_and_young(tmp_path: Path, age: int | None, code: int) -> None:
    if age is not None:
        file = tmp_path / "relay.heartbeat"
        file.touch()
        os.utime(file, (time.time() - age,) * 2)
    assert probe("relay", "60", RUN_DIR=str(tmp_path)) == code


def test_it_loads_neither_django_nor_a_client_of_the_engines() -> None:
    code = (
        "import sys, service.alive; print([name for name in sys.modules if name in ('django', 'kafka', 'requests')])"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=BASE, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
