"""Replay: apply entries of the log to the graph again. Guarded by versions: a replay of what is there does nothing;
checkpoints stay where they are."""

from collections.abc import Callable, Sequence

from recommendations import comparison, log, projection
from recommendations.log import Entry, Selection

Progress = Callable[[int], None]


def replay(selection: Selection, progress: Progress = lambda done: None) -> int:
    """Apply the selected entries; how many could not be, because they are poison or wait behind some.

    `progress` is told how many more were gone through. Raises graph.Unavailable; run it again then.
    """
    left_out = 0
    for entries in log.batches(selection):
        left_out += _apply(entries)
        progress(len(entries))
    return left_out


def _apply(entries: Sequence[Entry]) -> int:
    streams = set(comparison.unparked([entry.event.stream for entry in entries]))
    changes = comparison.readable(entry for entry in entries if entry.event.stream in streams)
    projection.apply(changes)
    return len(entries) - len(changes)
