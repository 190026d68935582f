"""What is hit, how, and when: decided by the seed alone, whatever the system does meanwhile."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

KILL, WORKER, PAUSE, RESTART, ANEW = "kill -9", "kill -9 of a worker", "SIGSTOP", "restart", "made anew"
PROCESSES = (
    "registry-web",
    "gateway-web",
    "users-web",
    "users-relay",
    "friends-web",
    "friends-relay",
    "friends-consume",
    "recommendations-web",
    "recommendations-consume",
    "recommendations-project",
)
STANDBYS = tuple(f"{name}-2" for name in PROCESSES if not name.endswith("-web"))
WEB = tuple(name for name in PROCESSES if name.endswith("-web"))
TOPICS = ("topic user", "topic friend")
# Seconds between two hits; the killer may wait longer (see its rule).
LEAST, MOST = 3.5, 6.5
LEAST_PAUSED, MOST_PAUSED = 3.0, 9.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One blow: after so many seconds, on whom, how; `paused`: for how many seconds, where it is a SIGSTOP."""

    after: float
    target: str
    how: str
    paused: float = 0.0


def hits(seed: int, engines: Sequence[str]) -> Iterator[Hit]:
    """The hits of a run, without end: rounds in which every process is killed twice, every standby and every engine
    once, some are stopped or restarted in good order, and one topic is made anew, each round in another order.

    Of who is hit once in a round, another one is in the next: web workers, restarted engines, topics.
    """
    chooser = random.Random(seed)  # noqa: S311 -- chaos, no secret
    workers, restarted, topics = (cycle(chooser.sample(names, len(names))) for names in (WEB, engines, TOPICS))
    while True:
        blows = [(name, KILL) for name in PROCESSES] * 2
        blows += [(name, KILL) for name in (*STANDBYS, *engines)]
        blows += [(next(workers), WORKER), (next(restarted), RESTART)]
        blows += [(name, PAUSE) for name in chooser.sample([*PROCESSES, *STANDBYS, *engines], 3)]
        blows += [(next(topics), ANEW)]
        chooser.shuffle(blows)
        for target, how in blows:
            paused = chooser.uniform(LEAST_PAUSED, MOST_PAUSED) if how == PAUSE else 0.0
            yield Hit(after=chooser.uniform(LEAST, MOST), target=target, how=how, paused=paused)
