"""What people do beside arriving and befriending: whom they look at, whether they follow a recommendation."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Read(Enum):
    """What a person looks at."""

    FRIENDS = "friends"
    MUTUAL = "mutual friends"
    RECOMMENDATIONS = "recommendations"


# How often, of ten looks.
WEIGHTS = {Read.FRIENDS: 4, Read.MUTUAL: 2, Read.RECOMMENDATIONS: 4}


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks at what. `beside` is the other one of MUTUAL; `follow`: befriend the first one recommended."""

    read: Read
    person: int
    beside: int
    follow: bool


def looks(seed: int, step: int, arrived: int, reads: int, follow: float) -> Iterator[Look]:
    """The looks that come with a step: always the same for a seed, whoever of the clients takes the step."""
    chance = random.Random(f"{seed}:{step}")  # noqa: S311 -- behaviour, not a secret
    for read in chance.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()), k=reads):
        person, beside = chance.randrange(arrived), chance.randrange(arrived)
        yield Look(read, person, beside, read is Read.RECOMMENDATIONS and chance.random() < follow)
