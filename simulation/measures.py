"""What a run came to: counts and times for each kind of request, in total and by second."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

# Times are kept in classes 2 % apart, so that an hour's run needs no more memory than a minute's.
STEP = 1.02
SHORTEST_MS = 0.1


class Times:
    """A distribution of times in milliseconds."""

    def __init__(self) -> None:
        self._classes: Counter[int] = Counter()
        self.count = 0
        self.longest = 0.0

    def add(self, ms: float) -> None:
        """One more."""
        self._classes[round(math.log(max(ms, SHORTEST_MS), STEP))] += 1
        self.count += 1
        self.longest = max(self.longest, ms)

    def merge(self, other: "Times") -> None:
        """All of another distribution."""
        self._classes.update(other._classes)
        self.count += other.count
        self.longest = max(self.longest, other.longest)

    def percentile(self, share: float) -> float:
        """The time in ms that `share` (0 to 1) of them did not exceed, to 1 %; 0 where there are none."""
        rank, seen = math.ceil(share * self.count), 0
        for place in sorted(self._classes):
            seen += self._classes[place]
            if seen >= rank:
                return min(STEP**place, self.longest)
        return 0.0


@dataclass(slots=True)
class Kind:
    """One kind of request. `errors` counts what went wrong by what was said."""

    times: Times = field(default_factory=Times)
    errors: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Moment:
    """One second, or several put together: requests, errors, times of requests, lags (ms) of friendships."""

    requests: int = 0
    errors: int = 0
    times: Times = field(default_factory=Times)
    lags: Times = field(default_factory=Times)

    def merge(self, other: "Moment") -> None:
        """All of another one."""
        self.requests += other.requests
        self.errors += other.errors
        self.times.merge(other.times)
        self.lags.merge(other.lags)


class Measures:
    """Everything that is counted; seconds are since the beginning."""

    def __init__(self) -> None:
        self.kinds: defaultdict[str, Kind] = defaultdict(Kind)
        self.lags = Times()
        self.unseen = 0
        self.done: Counter[str] = Counter()
        self._moments: defaultdict[int, Moment] = defaultdict(Moment)

    def request(self, kind: str, second: float, ms: float, error: str = "") -> None:
        """One answer, or none (`error` says what was wrong)."""
        moment = self._moments[int(second)]
        moment.requests += 1
        moment.times.add(ms)
        self.kinds[kind].times.add(ms)
        if error:
            moment.errors += 1
            self.kinds[kind].errors[error] += 1

    def lag(self, second: float, ms: float) -> None:
        """A friendship was recommended so long after it had been answered."""
        self.lags.add(ms)
        self._moments[int(second)].lags.add(ms)

    @property
    def requests(self) -> int:
        """All that was asked."""
        return sum(kind.times.count for kind in self.kinds.values())

    @property
    def errors(self) -> int:
        """All that was not answered as it should have been."""
        return sum(kind.errors.total() for kind in self.kinds.values())

    def total(self) -> Times:
        """The times of all kinds together."""
        return merged(kind.times for kind in self.kinds.values())

    def recent(self, second: float, seconds: int) -> Moment:
        """The last few whole seconds before `second`, as one."""
        whole = Moment()
        for place in range(max(0, int(second) - seconds), int(second)):
            if place in self._moments:
                whole.merge(self._moments[place])
        return whole

    def timeline(self, points: int) -> tuple[int, list[Moment]]:
        """The whole run in at most so many pieces, and how many seconds each is."""
        length = max(self._moments, default=0) + 1
        width = max(1, math.ceil(length / points))
        pieces = [Moment() for _ in range(math.ceil(length / width))]
        for place, moment in self._moments.items():
            pieces[place // width].merge(moment)
        return width, pieces


def merged(parts: Iterable[Times]) -> Times:
    """Several distributions as one."""
    whole = Times()
    for part in parts:
        whole.merge(part)
    return whole
