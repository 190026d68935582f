"""Whether this process has been told to end: what waits inside a request lets go then."""

from collections.abc import Callable

_told: Callable[[], bool] = bool


def ends_when(told: Callable[[], bool]) -> None:
    """`told` says whether the process is to end; the server's hook registers it."""
    global _told
    _told = told


def ending() -> bool:
    """Whether the process is to end; False where nobody can tell."""
    return _told()
