"""Measures what it costs to count, as a share of the processor time of a request:

    ./manage.py python bench/metrics/run.py [--seconds 3] [--rounds 6]

Runs each server as it is and once more with nothing counted, both at the same time, and loads them in turn. What is
compared is the processor time of their processes, by which a machine that does other things too can be measured on.
The requests are the cheapest there are, for it matters most with them: a proxied answer of a server that does
nothing, and a path that the users service does not have.
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.desktop import load
from bench.gateway.run import BIN, free_port, gateway_variables, running, upstream_command


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Measures what it costs to count.")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each round of each is")
    parser.add_argument("--rounds", type=int, default=6, help="how often, in turn")
    return parser.parse_args()


def processor_seconds(port: int) -> float:
    """What the workers of the server at a port have used so far; its master does nothing for a request."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        environment = process.environ()
        if environment.get("PORT") == str(port) and not process.children():
            used = process.cpu_times()
            total += used.user + used.system
    return total


def cost(port: int, path: str, chosen: argparse.Namespace) -> float:
    """Microseconds of processor time for each request of one round."""
    sent: Iterator[load.Call] = itertools.repeat(("GET", path, b""))
    before = processor_seconds(port)
    url = f"http://127.0.0.1:{port}"
    found = asyncio.run(load.run(url, sent, connections=chosen.connections, seconds=chosen.seconds))
    return 1e6 * (processor_seconds(port) - before) / len(found.times)


def compare(name: str, path: str, application: str, variables: dict[str, str], chosen: argparse.Namespace) -> None:
    """The application as it is, and uncounted, in turn; prints each round and the medians."""
    ports = {"counted": free_port(), "uncounted": free_port()}
    applications = {"counted": application, "uncounted": "bench.metrics.uncounted"}
    costs: dict[str, list[float]] = {kind: [] for kind in ports}
    with ExitStack() as stack:
        for kind, port in ports.items():
            own = {"PORT": str(port), "RUN_DIR": stack.enter_context(tempfile.TemporaryDirectory())}
            command = [str(BIN / "gunicorn"), "-c", "service/gunicorn.py", applications[kind]]
            stack.enter_context(running(command, port, variables | own))
        # What is done with the first requests only falls on neither.
        for port in ports.values():
            cost(port, path, chosen)
        for number in range(chosen.rounds):
            for kind in list(ports) if number % 2 else list(ports)[::-1]:
                costs[kind].append(cost(ports[kind], path, chosen))
            print(f"{name:<8} counted {costs['counted'][-1]:>5.0f} µs   not {costs['uncounted'][-1]:>5.0f} µs")
    counted, uncounted = (statistics.median(costs[kind]) for kind in ports)
    print(f"{name:<8} medians {counted:.0f} and {uncounted:.0f} µs a request: {counted / uncounted - 1:+.1%}")


if __name__ == "__main__":
    options = arguments()
    behind = free_port()
    with tempfile.TemporaryDirectory() as folder, running(upstream_command("bare", behind), behind, {}):
        compare("gateway", "/user/v1/users/1", "gateway.asgi", gateway_variables(0, behind, folder), options)
    service = {
        "DJANGO_SETTINGS_MODULE": "users.settings",
        "REGISTRY_URL": "",
        "LOG_LEVEL": "CRITICAL",
        "WEB_WORKERS": "1",
    }
    compare("users", "/v1/nothing", "users.wsgi", service, options)
