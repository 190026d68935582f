"""Measures what the gateway costs, against calling the same server directly:

    ./manage.py python bench/gateway/run.py [--connections 16] [--seconds 5] [--upstream bare|gthread]

Starts both on free ports and ends them. The client runs on the same machine and takes its share of it.
"""

import argparse
import asyncio
import itertools
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.desktop import load
from desktop import environments
from desktop.bootstrap import BASE

BIN = Path(sys.executable).parent


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Measures what the gateway costs.")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each is measured")
    parser.add_argument("--rounds", type=int, default=2, help="how often, in turn")
    parser.add_argument("--upstream", choices=("bare", "gthread"), action="append", help="default: both")
    return parser.parse_args()


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, variables: dict[str, str]) -> Iterator[None]:
    """The command as a process, from when it listens until the block ends."""
    process = subprocess.Popen(command, cwd=BASE, env=environments.whole(variables), stdout=subprocess.DEVNULL)
    try:
        _until_it_listens(port, process)
        yield
    finally:
        process.terminate()
        process.wait(15)


def _until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"{process.args!r} ended with code {process.returncode}.")


def upstream_command(kind: str, port: int) -> list[str]:
    """How to start what is behind."""
    if kind == "bare":
        return [sys.executable, "bench/gateway/upstream.py", str(port)]
    options = ["--no-control-socket", "--log-level", "error", "--worker-class", "gthread", "--threads", "8"]
    bind = ["--keep-alive", "75", "--bind", f"127.0.0.1:{port}"]
    return [str(BIN / "gunicorn"), *options, *bind, "bench.gateway.upstream"]


def gateway_variables(port: int, behind: int, folder: str) -> dict[str, str]:
    """The gateway's environment: no registry, the users service at `behind`."""
    return {
        "DJANGO_SETTINGS_MODULE": "gateway.settings",
        "WEB_PROTOCOL": "asgi",
        "WEB_WORKERS": "1",
        "LOG_LEVEL": "ERROR",
        "PORT": str(port),
        "RUN_DIR": folder,
        "REGISTRY_URL": "",
        "USER_SERVICE_URL": f"http://127.0.0.1:{behind}",
    }


def measured(name: str, port: int, path: str, connections: int, seconds: float) -> load.Measurement:
    """One load, and its line."""
    sent: Iterator[load.Call] = itertools.repeat(("GET", path, b""))
    found = asyncio.run(load.run(f"http://127.0.0.1:{port}", sent, connections=connections, seconds=seconds))
    p50, p99 = found.percentile(0.5), found.percentile(0.99)
    print(f"{name:<18} {connections:>3} connections {found.rate:>8.0f}/s   p50 {p50:>6.2f} ms   p99 {p99:>6.2f} ms")
    return found


def compare(kind: str, chosen: argparse.Namespace) -> None:
    """Direct and through the gateway in turn: many connections for throughput, one for latency."""
    behind, port = free_port(), free_port()
    gateway = [str(BIN / "gunicorn"), "-c", "service/gunicorn.py", "gateway.asgi"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running(upstream_command(kind, behind), behind, {}),
        running(gateway, port, gateway_variables(port, behind, folder)),
    ):
        for connections in (chosen.connections, 1):
            for _ in range(chosen.rounds):
                direct = measured(f"{kind}, direct", behind, "/v1/users/1", connections, chosen.seconds)
                through = measured(f"{kind}, gateway", port, "/user/v1/users/1", connections, chosen.seconds)
                added = through.percentile(0.5) - direct.percentile(0.5)
                print(f"{'':<18} {through.rate / direct.rate:.0%} of direct, p50 + {added:.2f} ms")


if __name__ == "__main__":
    options = arguments()
    for upstream in options.upstream or ("gthread", "bare"):
        compare(upstream, options)
