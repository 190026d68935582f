"""Is the graph what the log says?

Looks without stopping anybody. What seems to differ is looked at again in the turn of a writing transaction, in which
the projector stands still; what still differs does, and can be healed there and then.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain

from neo4j import Transaction

from recommendations import comparison, graph, log, projection, strays
from recommendations.comparison import Difference
from recommendations.portions import Portions

BATCH = 500
Progress = Callable[[int], None]


def verify(*, repair: bool = False, progress: Progress = lambda done: None) -> Iterator[Difference]:
    """Every difference, healed by the time it is told of where `repair`. `progress`: how many more were compared."""
    portions = Portions(BATCH)
    for names in log.streams(batch=BATCH):
        yield from _examine(names, repair, portions)
        progress(len(names))
    for found in strays.ranges(limit=BATCH):
        # Ties first: whether a user must be there as a stub depends on them.
        ties = [name for name in found.strays if name.startswith("friendship-")]
        yield from _examine(ties, repair, portions)
        yield from _examine([name for name in found.strays if name not in ties], repair, portions)
        progress(found.size)
    if strays.nameless():
        yield Difference(stream="(users without an id)", expected=[], actual=[{}])
        if repair:
            strays.delete_nameless()


def behind() -> int:
    """How many events of the log the projector has not come to."""
    reached = comparison.positions(projection.checkpoints())
    return sum(max(0, end.position - reached.get(place, 0)) for place, end in log.ends().items())


def _examine(names: Sequence[str], repair: bool, portions: Portions) -> list[Difference]:
    suspects = [one.stream for one in comparison.differences(graph.read, names, projection.checkpoints())]

    def look(portion: Sequence[str]) -> list[Difference]:
        return graph.write(partial(_in_turn, names=portion, repair=repair))

    return list(chain.from_iterable(portions(suspects, look)))


def _in_turn(transaction: Transaction, *, names: Sequence[str], repair: bool) -> list[Difference]:
    checkpoints = projection.take_turn(transaction)
    found = comparison.differences(partial(graph.rows, transaction), names, checkpoints)
    if repair and found:
        comparison.remove(transaction, [one.stream for one in found if not one.expected])
        wrong = [one.stream for one in found if one.expected]
        comparison.replace(transaction, wrong, comparison.positions(checkpoints))
        _stubs(transaction, found)
    return found


def _stubs(transaction: Transaction, found: Sequence[Difference]) -> None:
    """Users who must be stubs have no event that could be applied."""
    names = [one.stream for one in found if one.expected and one.expected[0].get("version") == 0]
    comparison.remove(transaction, names)
