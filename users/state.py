"""How the table of users follows from the events."""

from dataclasses import asdict

from eventsourcing.state import StateTable
from users import models, user

STATE = StateTable(
    category=user.CATEGORY,
    model=models.User,
    evolve=user.evolve,
    to_row=asdict,
    stream_columns=("id",),
)
