"""The real gateway as a process: gunicorn, a free port, a folder of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.client import Client
from tests.support.waiting import eventually

BASE = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """A running gateway."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def client(self) -> Client:
        """Speaks to it."""
        return Client(f"http://127.0.0.1:{self.port}", timeout=20.0)

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20.0)

    def raw(self, data: bytes) -> bytes:
        """All that it answers to these bytes until it closes the connection."""
        with self.connect() as connection:
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def listens(self) -> None:
        """Raises OSError where it does not."""
        self.connect().close()

    def healthy(self) -> None:
        """Raises where it does not say that it is up."""
        assert self.client.get("/actuator/health").status == 200


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])


@contextmanager
def running(folder: Path, registry: str, **variables: str) -> Iterator[Gateway]:
    """A gateway that asks `registry`, from when it listens until the block ends."""
    port, log = _free_port(), folder / "gateway.log"
    own: Mapping[str, str] = {
        "DJANGO_SETTINGS_MODULE": "gateway.settings",
        "WEB_PROTOCOL": "asgi",
        "WEB_WORKERS": "1",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "RUN_DIR": str(folder),
        "REGISTRY_URL": registry,
        "GATEWAY_TIMEOUT_SECONDS": "1",
        "GATEWAY_POLL_MILLISECONDS": "50",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "service/gunicorn.py", "gateway.asgi"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=BASE, env={**os.environ, **own, **variables}, stdout=output, stderr=output
        )
    gateway = Gateway(port=port, process=process, log=log)
    try:
        eventually(gateway.listens)
        yield gateway
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def response(connection: socket.socket, method: str = "GET") -> http.client.HTTPResponse:
    """The answer's head, read from a bare connection; its body can be read as it comes."""
    found = http.client.HTTPResponse(connection, method=method)
    found.begin()
    return found
