"""A closed load: so many connections, each sends its next request when it has its last answer."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.desktop.connection import Connection

Call = tuple[str, str, bytes]


@dataclass(kw_only=True, slots=True)
class Measurement:
    """What came of a load: seconds of each answer, how many of each status, the bodies where they were kept."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """The time in milliseconds that this share of the answers did not exceed; 0 without any."""
        ordered = sorted(self.times)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def run(
    url: str, calls: Iterator[Call], *, connections: int, seconds: float, keep: bool = False
) -> Measurement:
    """Send `calls` for at most `seconds`, or until there are no more."""
    measured = Measurement()
    end = time.perf_counter() + seconds

    async def one() -> None:
        connection = Connection(url)
        for call in calls:
            began = time.perf_counter()
            if began > end:
                break
            status, body = await connection.request(*call)
            measured.times.append(time.perf_counter() - began)
            measured.statuses[status] += 1
            if keep:
                measured.bodies.append(body)
        connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    measured.seconds = time.perf_counter() - began
    return measured
