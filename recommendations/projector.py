"""The projector: follows the log and makes the graph, one batch after the other, each with its checkpoints in one
transaction of the graph. A crash anywhere repeats a batch or does not; the graph is the same."""

import logging
import random
import time
from collections.abc import Sequence
from contextlib import closing

import psycopg2
from django.db import InterfaceError, OperationalError, close_old_connections
from neo4j.exceptions import Neo4jError

from eventsourcing import direct, wakeup
from recommendations import batch, graph, graph_models, log, metrics, progress, projection
from recommendations.leader import Leader
from recommendations.projection import CheckpointMoved, Checkpoints
from service import tracing
from service.runner import Heartbeat, Stopper

logger = logging.getLogger(__name__)
BUSY_SECONDS, IDLE_SECONDS, STANDBY_SECONDS, BACKOFF_SECONDS = 0.02, 0.5, 0.5, 5.0
DATABASE_TROUBLE = (psycopg2.Error, OperationalError, InterfaceError)


class Projector:
    """Projects until stopped; several may run, one is active."""

    def __init__(self, *, stopper: Stopper, heartbeat: Heartbeat) -> None:
        self._stopper, self._heartbeat = stopper, heartbeat
        metrics.projector_begins(log.PROJECTOR)
        self._checkpoints: Checkpoints | None = None
        self._failures, self._not_before = 0, 0.0
        self.leads = False
        # As they were last known, for whoever reports; None: they never were.
        self.reached: Checkpoints | None = None

    def run(self) -> None:
        """Serve; a database or a graph that is away is waited for."""
        while not self._stopper.stopping:
            self._heartbeat.beat()
            if self._waiting():
                continue
            try:
                self._serve()
            except DATABASE_TROUBLE as error:
                close_old_connections()
                self._checkpoints = None
                self._lead(False)
                metrics.FAILURES.labels("database").inc()
                self._back_off(f"the database: {error}")
        self._lead(False)

    def _lead(self, leads: bool) -> None:
        self.leads = leads
        metrics.LEADING.set(leads)

    def _serve(self) -> None:
        with closing(direct.connect("project")) as session:
            direct.listen(session, log.CHANNEL)
            leader, pause = Leader(session), BUSY_SECONDS
            while not self._stopper.stopping:
                self._heartbeat.beat()
                self._lead(leader.maintain())
                if not self.leads:
                    self._checkpoints = None
                    self._stopper.wait(STANDBY_SECONDS)
                elif self._waiting():
                    continue
                elif self.step():
                    pause = BUSY_SECONDS
                else:
                    # Woken at once by a NOTIFY; the looks in between are for one that was lost.
                    pause = BUSY_SECONDS if direct.wait(session, pause) else min(pause * 2, IDLE_SECONDS)

    def step(self) -> bool:
        """Bring one batch into the graph; False when there was nothing to do, or no graph."""
        try:
            self.reached = before = self._begin() if self._checkpoints is None else self._checkpoints
            found = batch.following(before)
            progress.forget(found.foreign)
            if found.moves:
                began = tracing.now()
                batch.carry_out(batch.decide(found.entries), before=before, moves=found.moves)
                wakeup.announce(projection.CHANNEL)
                progress.note(found.moves)
                _trace(found.entries, began)
        except CheckpointMoved:
            logger.info("The checkpoints have moved: another projector, or another graph")
            self._checkpoints = None
            return True
        except (graph.Unavailable, Neo4jError) as error:
            self._checkpoints = None
            metrics.FAILURES.labels("graph").inc()
            self._back_off(f"the graph: {error}")
            return False
        self.reached = self._checkpoints = {**before, **found.moves}
        self._failures = 0
        return bool(found.moves)

    def _begin(self) -> Checkpoints:
        graph_models.install()
        reached = projection.checkpoints()
        # What a crash kept from being noted.
        progress.note(reached)
        return reached

    def _waiting(self) -> bool:
        """Whether it is too early for another try; sleeps a little of that time, so that signs of life go on."""
        left = self._not_before - time.monotonic()
        if left > 0:
            self._stopper.wait(min(left, 0.5))
        return left > 0

    def _back_off(self, why: str) -> None:
        self._failures += 1
        most = min(BACKOFF_SECONDS, 0.1 * 2 ** min(self._failures, 10))
        self._not_before = time.monotonic() + random.uniform(most / 2, most)  # noqa: S311 -- spreads retries
        logger.warning("The projector waits for %s", why.strip())


def _trace(entries: Sequence[log.Entry], began: int) -> None:
    events = (entry.event for entry in entries)
    traced = (tracing.Traced(event.metadata.traceparent, event.type, event.stream) for event in events)
    tracing.record("project", tracing.INTERNAL, traced, began)
