"""The same thing from several threads at once."""

import threading
from collections.abc import Callable

from django.db import connections

from service.problems import Problem


def in_threads(number: int, work: Callable[[int], object]) -> list[object]:
    """What `work` gave or raised in each of several threads that begin together."""
    barrier = threading.Barrier(number)
    found: list[object] = [None] * number

    def run(index: int) -> None:
        barrier.wait()
        try:
            found[index] = work(index)
        except Problem as problem:
            found[index] = problem.status
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return found
