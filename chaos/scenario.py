"""What the load asks for next: mostly among those who joined last, so that commands meet."""

import random
import threading
from collections.abc import Callable

from chaos.command import ADD, CREATE, DELETE, REMOVE, UPDATE, Command

HOT, ELDERS = 60, 20
NOBODY = 2**40
FIRST = ("Ada", "Grace", "Edsger", "Barbara", "Tony", "Frances", "Leslie", "Jörg", "Zoë", "李")
LAST = ("Lovelace", "Hopper", "Dijkstra", "Liskov", "Hoare", "Allen", "Lamport", "Ångström", "O'Hara", "王")


class Known:
    """What the client has learnt from answers: who there is, at which version, and who is whose friend."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.people: list[int] = []
        self._versions: dict[int, int] = {}

    def joined(self, user: int, version: int) -> None:
        """Somebody was created or changed."""
        with self._lock:
            if user not in self._versions:
                self.people.append(user)
            self._versions[user] = max(version, self._versions.get(user, 0))

    def left(self, user: int) -> None:
        """Somebody was deleted."""
        with self._lock:
            if user in self.people:
                self.people.remove(user)

    def version(self, user: int) -> int:
        """The last version that was answered."""
        with self._lock:
            return self._versions.get(user, 1)

    def hot(self) -> list[int]:
        """Those who joined last."""
        with self._lock:
            return self.people[-HOT:]


class Scenario:
    """Groups of commands, each to be sent at once; the choices follow from the seed and from what was answered."""

    def __init__(self, seed: int, known: Known) -> None:
        self._chooser, self._known = random.Random(seed), known  # noqa: S311 -- chaos, no secret
        self._weighted: tuple[tuple[Callable[[], list[Command]], int], ...] = (
            (self._create, 12),
            (self._update, 14),
            (self._update_as_seen, 6),
            (self._add, 30),
            (self._remove, 16),
            (self._both_directions, 6),
            (self._equal, 5),
            (self._twice, 4),
            (self._add_and_remove, 5),
            (self._nobody, 2),
            (self._delete, 2),
        )

    def next(self) -> list[Command]:
        """The next group."""
        if len(self._known.hot()) < 8:
            return self._create()
        actions, weights = zip(*self._weighted, strict=True)
        chosen: list[Command] = self._chooser.choices(actions, weights)[0]()
        return chosen

    def _names(self) -> tuple[str, str]:
        first, last = self._chooser.choice(FIRST), self._chooser.choice(LAST)
        return f"{first} {self._chooser.randrange(10_000)}", last

    def _somebody(self) -> int:
        return self._chooser.choice(self._known.hot())

    def _pair(self) -> tuple[int, int]:
        # Neighbours more often than others: a pair that is met again has a history.
        people = self._known.hot()
        place = self._chooser.randrange(len(people) - 1)
        other = min(len(people) - 1, place + self._chooser.randint(1, 6))
        pair = [people[place], people[other]]
        self._chooser.shuffle(pair)
        return pair[0], pair[1]

    def _create(self) -> list[Command]:
        return [Command(kind=CREATE, names=self._names())]

    def _update(self) -> list[Command]:
        user = self._somebody()
        return [
            Command(kind=UPDATE, user=user, names=self._names()) for _ in range(self._chooser.choice((1, 1, 1, 3)))
        ]

    def _update_as_seen(self) -> list[Command]:
        user = self._somebody()
        seen = self._known.version(user)
        return [Command(kind=UPDATE, user=user, names=self._names(), if_match=seen) for _ in range(2)]

    def _add(self) -> list[Command]:
        user, friend = self._pair()
        return [Command(kind=ADD, user=user, friend=friend)]

    def _remove(self) -> list[Command]:
        user, friend = self._pair()
        return [Command(kind=REMOVE, user=user, friend=friend)]

    def _both_directions(self) -> list[Command]:
        user, friend = self._pair()
        return [Command(kind=ADD, user=user, friend=friend), Command(kind=ADD, user=friend, friend=user)]

    def _equal(self) -> list[Command]:
        user, friend = self._pair()
        kind = self._chooser.choice((ADD, REMOVE))
        return [Command(kind=kind, user=user, friend=friend) for _ in range(3)]

    def _twice(self) -> list[Command]:
        user, friend = self._pair()
        kind = self._chooser.choice((ADD, REMOVE))
        return [
            Command(kind=kind, user=user, friend=friend, twice=True),
            Command(kind=CREATE, names=self._names(), twice=True),
        ]

    def _add_and_remove(self) -> list[Command]:
        user, friend = self._pair()
        return [Command(kind=ADD, user=user, friend=friend), Command(kind=REMOVE, user=friend, friend=user)]

    def _nobody(self) -> list[Command]:
        user = self._somebody()
        return [
            Command(kind=ADD, user=user, friend=NOBODY + self._chooser.randrange(1000)),
            Command(kind=UPDATE, user=NOBODY + self._chooser.randrange(1000), names=self._names()),
        ]

    def _delete(self) -> list[Command]:
        elders = self._known.hot()[:ELDERS]
        if len(self._known.hot()) < HOT:
            return self._add()
        user = self._chooser.choice(elders)
        return [Command(kind=DELETE, user=user) for _ in range(self._chooser.choice((1, 1, 2)))]
