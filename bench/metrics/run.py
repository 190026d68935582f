"""Measures what it costs to count, as a share of the requests a second:

    ./manage.py python bench/metrics/run.py [--seconds 3] [--rounds 6]

Runs each server as it is and once more with nothing counted, both at the same time, and loads them in turn, so that
what else the machine does falls on both. The requests are the cheapest there are, for it matters most with them: a
proxied answer of a server that does nothing, and a path that the users service does not have.
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


def rate(port: int, path: str, chosen: argparse.Namespace) -> float:
    """Requests a second of one round."""
    sent: Iterator[load.Call] = itertools.repeat(("GET", path, b""))
    url = f"http://127.0.0.1:{port}"
    return asyncio.run(load.run(url, sent, connections=chosen.connections, seconds=chosen.seconds)).rate


def compare(name: str, path: str, application: str, variables: dict[str, str], chosen: argparse.Namespace) -> None:
    """The application as it is, and uncounted, in turn; prints the median of the rounds' ratios."""
    ports = {"counted": free_port(), "uncounted": free_port()}
    applications = {"counted": application, "uncounted": "bench.metrics.uncounted"}
    with ExitStack() as stack:
        for kind, port in ports.items():
            own = {"PORT": str(port), "RUN_DIR": stack.enter_context(tempfile.TemporaryDirectory())}
            command = [str(BIN / "gunicorn"), "-c", "service/gunicorn.py", applications[kind]]
            stack.enter_context(running(command, port, variables | own))
        # What is done with the first requests only falls on neither.
        for port in ports.values():
            rate(port, path, chosen)
        ratios = []
        for number in range(chosen.rounds):
            kinds = list(ports) if number % 2 else list(ports)[::-1]
            found = {kind: rate(ports[kind], path, chosen) for kind in kinds}
            ratios.append(found["counted"] / found["uncounted"])
            print(
                f"{name:<8} counted {found['counted']:>6.0f}/s   not {found['uncounted']:>6.0f}/s   {ratios[-1]:.3f}"
            )
        print(f"{name:<8} median of {len(ratios)} rounds: {statistics.median(ratios):.3f}")


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
