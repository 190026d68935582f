"""The graph anew from the log, while it is read and the projector goes on.

Goes through the streams and writes what the last event of each says, then takes out what the log knows nothing of.
It looks up to the log's end as it was when the rebuild began, or to where the projector has come by then, whichever
is further; inside its turn the projector stands still. So what is written is never older than what was there.

How far it has come stands in the graph, moved in the transactions that do the work: a rebuild that was killed goes on
there, and in a graph that was replaced meanwhile it begins again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, LiteralString

import orjson
from neo4j import Transaction

from recommendations import comparison, graph, graph_models, log, projection, strays
from recommendations.log import Place
from recommendations.pace import Pace
from recommendations.portions import Portions

Progress = Callable[[int], None]

BEGIN: LiteralString = """
MERGE (run:Rebuild {name: 'graph'})
ON CREATE SET run.phase = 'log', run.after = '', run.upto = $upto
RETURN run.phase AS phase, run.after AS after, run.upto AS upto
"""
GO_ON: LiteralString = """
MATCH (run:Rebuild {name: 'graph'}) SET run.phase = $phase, run.after = $after RETURN run.phase AS phase
"""
END: LiteralString = "MATCH (run:Rebuild {name: 'graph'}) DELETE run"


class Replaced(Exception):
    """The graph is another one than that in which the rebuild began, or somebody ended it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Where a rebuild stands: in phase `log` behind a stream, in phase `sweep` behind a user's id; up to where in the
    log it looks."""

    phase: str
    after: str
    upto: Mapping[Place, int]

    @property
    def begun(self) -> bool:
        """Whether it goes on with what an earlier process has begun."""
        return self.phase != "log" or self.after != ""


def begin(*, fresh: bool = False) -> Run:
    """The rebuild under way, or a new one; always a new one where `fresh`."""
    graph_models.install()
    ends = orjson.dumps([[*place, end.position] for place, end in log.ends().items()]).decode()

    def work(transaction: Transaction) -> graph.Row:
        if fresh:
            transaction.run(END).consume()
        return graph.rows(transaction, BEGIN, {"upto": ends})[0]

    row = graph.write(work)
    upto = {Place(topic, partition): position for topic, partition, position in orjson.loads(row["upto"])}
    return Run(phase=row["phase"], after=row["after"], upto=upto)


def cancel() -> None:
    """Forget one that was begun: the next begins again."""
    graph_models.install()
    graph.write(lambda transaction: transaction.run(END).consume())


def rebuild(run: Run, *, rate: float = 0, progress: Progress = lambda done: None) -> None:
    """Carry a rebuild through. `rate`: streams a second, 0 for no limit; `progress`: how many more are done.

    Raises Replaced, graph.Unavailable; after that, and after a kill, `begin` goes on with it.
    """
    pace = Pace(rate)
    after = run.after
    if run.phase == "log":
        portions = Portions(pace.batch)
        for names in log.streams(after=after, batch=pace.batch):
            portions(names, partial(_replace, run))
            progress(len(names))
            pace.keep(len(names))
        after = str(strays.BELOW_ALL)
        _step({"phase": "sweep", "after": after}, run, (), ())
    for found in strays.ranges(after=int(after), limit=pace.batch):
        _step({"phase": "sweep", "after": str(found.last)}, run, (), found.strays)
        pace.keep(found.size)
    strays.delete_nameless()
    graph.write(lambda transaction: transaction.run(END).consume())


def _replace(run: Run, names: Sequence[str]) -> None:
    _step({"phase": "log", "after": names[-1]}, run, names, ())


def _step(mark: Mapping[str, Any], run: Run, names: Sequence[str], suspects: Sequence[str]) -> None:
    def work(transaction: Transaction) -> None:
        checkpoints = projection.take_turn(transaction)
        if not graph.rows(transaction, GO_ON, mark):
            raise Replaced
        comparison.replace(transaction, comparison.unparked(names), comparison.positions(checkpoints, run.upto))
        # What the log has learned of since it was asked is no stray any more.
        comparison.remove(transaction, log.unknown(suspects))

    graph.write(work)
