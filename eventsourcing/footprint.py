"""What the command under way has read and written so far: streams and their versions, for its consistency token.

The event store notes what is appended by itself, so that no command can forget it; a command notes what else it
decided on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from eventsourcing.consistency import Source, Token

_current: ContextVar[dict[Source, int] | None] = ContextVar("footprint", default=None)


@contextmanager
def collecting() -> Iterator[None]:
    """Notes that are made inside are kept, until the end of the block."""
    reset = _current.set({})
    try:
        yield
    finally:
        _current.reset(reset)


def note(service: str, stream: str, version: int) -> None:
    """The stream is at this version, or a later one."""
    kept = _current.get()
    if kept is not None:
        source = Source(service, stream)
        kept[source] = max(version, kept.get(source, 0))


@contextmanager
def tentative() -> Iterator[None]:
    """What is noted inside is forgotten when the block fails: with its transaction it has not happened."""
    kept = _current.get()
    before = dict(kept or {})
    try:
        yield
    except BaseException:
        if kept is not None:
            kept.clear()
            kept.update(before)
        raise


def token() -> Token:
    """What has been noted."""
    return Token(dict(_current.get() or {}))
