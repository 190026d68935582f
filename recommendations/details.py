"""What the aggregate service tells in the details of its health."""

from typing import Any

from recommendations import log, projection


def projector() -> dict[str, Any]:
    """How far the graph is in each partition of the log, and how many events it does not have. Raises
    graph.Unavailable."""
    reached = {place: mark.position for place, mark in projection.checkpoints().items()}
    ends = {place: mark.position for place, mark in log.ends().items()}
    return {
        "behindEvents": sum(max(0, end - reached.get(place, 0)) for place, end in ends.items()),
        "partitions": [
            {"topic": place.topic, "partition": place.partition, "log": end, "checkpoint": reached.get(place, 0)}
            for place, end in sorted(ends.items())
        ],
    }
