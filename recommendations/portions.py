"""Work on many streams in transactions that are small enough to get their turn.

Neo4j makes writers wait for each other in order. ArcadeDB lets all of them begin and fails those that others have
overtaken: beside a busy projector, a long transaction never ends. Then it is cut down until it does.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from recommendations import graph

R = TypeVar("R")


class Portions:
    """Does work portion by portion; remembers the size that last got through."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, names: Sequence[str], work: Callable[[Sequence[str]], R]) -> list[R]:
        """What `work` returned for each portion of the names, in order. Raises graph.Unavailable, of which Busy only
        where not even a single name got through."""
        results: list[R] = []
        while names:
            portion = names[: self.size]
            try:
                results.append(work(portion))
            except graph.Busy:
                if len(portion) == 1:
                    raise
                self.size = max(1, len(portion) // 4)
            else:
                names = names[len(portion) :]
        return results
