"""One process at a time in the cache folder."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def held(file: Path, *, waiting: Callable[[], None], look_every: float = 0.1) -> Iterator[None]:
    """Holds an exclusive lock on `file`. While another process has it, `waiting` is called; it may raise to give up.

    The lock ends with its holder, however that ends. The descriptor is closed in programs that are started
    meanwhile (PEP 446), so that a daemon does not keep it.
    """
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting()
                time.sleep(look_every)
        yield
    finally:
        os.close(handle)
