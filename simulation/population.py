"""Who arrives and who befriends whom: preferential attachment (Barabási and Albert, Science 286, 1999).

All of it follows from three numbers: how many people, how many ties, and a seed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

# Somebody popular may know nearly everybody: after so many draws in vain, any of those who are left will do.
DRAWS = 50
FIRST = (
    "Ada", "Alan", "Barbara", "Carl", "Donald", "Edsger", "Emmy", "Frances", "Grace", "Hedy", "Ida", "Jean",
    "Katherine", "Leslie", "Lynn", "Mary", "Niklaus", "Radia", "Shafi", "Sophie",
)  # fmt: skip
LAST = (
    "Abbott", "Berger", "Castro", "Dubois", "Evans", "Fischer", "Garcia", "Haddad", "Ivanova", "Jensen", "Kowalski",
    "Lindgren", "Moreau", "Nakamura", "Okafor", "Petrov", "Quinn", "Rossi", "Silva", "Tanaka",
)  # fmt: skip


class Impossible(ValueError):
    """There are not so many pairs; the message says how many."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody joins; people are numbered from 0 in the order of their arrival."""

    person: int

    @property
    def name(self) -> tuple[str, str]:
        """First and last name, the same for the same number."""
        rounds, place = divmod(self.person, len(FIRST) * len(LAST))
        last = LAST[place // len(FIRST)]
        return FIRST[place % len(FIRST)], f"{last} {rounds + 1}" if rounds else last


@dataclass(frozen=True, slots=True)
class Tie:
    """Two become friends; `one` asks. `newcomer` says that it is the first tie of who asks."""

    one: int
    other: int
    newcomer: bool = False


Step = Arrival | Tie


def plan(users: int, ties: int, seed: int) -> list[Step]:
    """Each arrival, followed by the ties that are made until the next. Raises Impossible."""
    most = users * (users - 1) // 2
    if users < 1 or not 0 <= ties <= most:
        raise Impossible(f"{users} people can have 0 to {most} ties, not {ties}.")
    return list(_steps(users, ties, random.Random(seed)))  # noqa: S311 -- a population, not a secret


def _steps(users: int, ties: int, chance: random.Random) -> Iterator[Step]:
    growing = Growing(chance)
    for person in range(users):
        growing.arrive()
        yield Arrival(person)
        # As many as keep the pace, as far as there are pairs; what the first few could not make, later ones do.
        pace = ties * person // max(1, users - 1)
        while growing.count < min(pace, person * (person + 1) // 2):
            yield growing.tie(person)


class Growing:
    """The network as it grows. Whoever is in `ends` twice is twice as likely to be befriended."""

    def __init__(self, chance: random.Random) -> None:
        self.count = 0
        self._chance = chance
        self._friends: list[set[int]] = []
        self._ends: list[int] = []

    def arrive(self) -> None:
        """One more person, whom somebody may befriend before they have a friend."""
        self._ends.append(len(self._friends))
        self._friends.append(set())

    def tie(self, newcomer: int) -> Tie:
        """The next tie: of the newcomer, unless they have their share or know everybody."""
        fair = 1 + 2 * self.count // (newcomer + 1)
        known = self._friends[newcomer]
        one = newcomer if len(known) < min(newcomer, fair) else self._not_full()
        other = self._stranger(one)
        found = Tie(one, other, newcomer=one == newcomer and not known)
        self._friends[one].add(other)
        self._friends[other].add(one)
        self._ends += (one, other)
        self.count += 1
        return found

    def _not_full(self) -> int:
        for _ in range(DRAWS):
            one = self._chance.choice(self._ends)
            if len(self._friends[one]) < len(self._friends) - 1:
                return one
        return self._chance.choice(
            [one for one, friends in enumerate(self._friends) if len(friends) < len(self._friends) - 1]
        )

    def _stranger(self, one: int) -> int:
        known = self._friends[one]
        for _ in range(DRAWS):
            other = self._chance.choice(self._ends)
            if other != one and other not in known:
                return other
        return self._chance.choice(
            [other for other in range(len(self._friends)) if other != one and other not in known]
        )
