"""Measures a running desktop system through its gateway:

    ./manage.py python bench/desktop/run.py [--data .data] [--connections 16] [--seconds 10] [--rounds 50]

Requests a second of create, read, addFriend and recommend; the delay from an addFriend's answer to its person's
being recommended; memory of each process. Its client runs on the same machine and takes its share of it.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.desktop import calls, load, memory
from desktop import status
from desktop.bootstrap import BASE
from desktop.status import Status


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Measures a running desktop system through its gateway.")
    parser.add_argument("--data", type=Path, default=BASE / ".data")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each call is measured")
    parser.add_argument("--rounds", type=int, default=50, help="how often the delay is measured")
    return parser.parse_args()


async def measure(url: str, name: str, sent: Iterator[load.Call], chosen: argparse.Namespace) -> list[int]:
    """Measures one call and prints its line; the ids in the answers of a create."""
    keep = name == "create"
    found = await load.run(url, sent, connections=chosen.connections, seconds=chosen.seconds, keep=keep)
    p50, p99 = found.percentile(0.5), found.percentile(0.99)
    statuses = ", ".join(f"{count} × {code}" for code, count in sorted(found.statuses.items()))
    print(f"{name:<10} {found.rate:>8.0f} requests/s   p50 {p50:>6.1f} ms   p99 {p99:>6.1f} ms   {statuses}")
    return [json.loads(body)["id"] for body in found.bodies]


async def requests(url: str, chosen: argparse.Namespace) -> None:
    """The four calls, one after the other."""
    choice = random.Random(7)
    ids = await measure(url, "create", calls.create(), chosen)
    await measure(url, "read", calls.read(ids, choice), chosen)
    # A hundred friends each, not a web so thin that nobody has a friend of a friend.
    circle = ids[:1000]
    await measure(url, "addFriend", calls.befriend(circle, choice), chosen)
    await measure(url, "recommend", calls.recommend(circle, choice), chosen)


async def delay(url: str, chosen: argparse.Namespace) -> None:
    """The delay of the projection, on a system that has nothing else to do."""
    found = load.Measurement(times=await calls.delays(url, chosen.rounds))
    shares = (("p50", 0.5), ("p90", 0.9), ("most", 1.0))
    figures = "   ".join(f"{name} {found.percentile(share):.0f} ms" for name, share in shares)
    print(f"from addFriend's answer to being recommended: {figures}   ({chosen.rounds} times)")


def memories(found: Status) -> None:
    """Memory of each process, with its children, and of all together."""
    pids = {name: engine.pid for name, engine in found.engines.items()}
    for service, told in found.services.items():
        pids |= {f"{service} {name}": process.pid for name, process in told.processes.items()}
    sizes = {name: memory.of(pid) / 2**20 for name, pid in pids.items() if pid}
    if found.supervisor:
        # Its children are the processes above.
        sizes["supervisor"] = memory.pss(found.supervisor) / 2**20
    for name, size in sizes.items():
        print(f"{name:<28} {size:>7.0f} MB")
    print(f"{'all':<28} {sum(sizes.values()):>7.0f} MB")


def main() -> int:
    """Measures and prints; 1 where no system runs."""
    chosen = arguments()
    found = status.of(chosen.data)
    if found.supervisor is None:
        print("No system runs here: ./manage.py up --detach", file=sys.stderr)
        return 1
    print(f"{found.gateway}, {found.kind} engines, {chosen.connections} connections")
    asyncio.run(delay(found.gateway, chosen))
    asyncio.run(requests(found.gateway, chosen))
    memories(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
