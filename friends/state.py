"""How the table of friendships follows from the events."""

from typing import Any

from eventsourcing.state import StateTable
from friends import friendship, models
from friends.friendship import Friendship


def to_row(state: Friendship) -> dict[str, Any]:
    """A friendship as the columns of its table."""
    low, high = friendship.pair(state.user_id, state.friend_id)
    return {
        "id": state.id,
        "low": low,
        "high": high,
        "user_id": state.user_id,
        "active": state.active,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
        "version": state.version,
    }


STATE = StateTable(
    category=friendship.CATEGORY,
    model=models.Friendship,
    evolve=friendship.evolve,
    to_row=to_row,
    stream_columns=("low", "high"),
)
