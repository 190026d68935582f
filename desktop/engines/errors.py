"""What an engine says when it cannot run."""

from desktop.errors import DesktopError


class EngineError(DesktopError):
    """An engine does not start: one sentence that says why, and the way out."""


class Unfetchable(EngineError):
    """What an engine runs on is not in the cache, and could not be fetched."""
