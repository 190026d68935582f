"""An empty graph and an empty log for each test, and a projector that can be run step by step."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from django.db import transaction

from eventsourcing.event import Event
from recommendations import graph, graph_models, log
from recommendations.projector import Projector
from service.runner import Heartbeat, Stopper
from tests.integration.recommendations.histories import messages

Append = Callable[[Iterable[Event]], None]


def empty() -> None:
    """Take everything out of the graph."""
    graph.write(lambda transaction: transaction.run("MATCH (node) DETACH DELETE node").consume())


@pytest.fixture(scope="session", autouse=True)
def constraints() -> Iterator[None]:
    """The graph's constraints; its driver is closed at the end."""
    graph_models.install()
    yield
    graph.close()


@pytest.fixture(autouse=True)
def empty_graph(constraints: None, db: None) -> None:
    """Nothing in the graph, and nothing in the log: a test that needs to see it from another connection says so."""
    empty()


@pytest.fixture
def append() -> Append:
    """Appends events to the log, as the consumer does."""

    def run(events: Iterable[Event]) -> None:
        with transaction.atomic():
            log.append(messages(events))

    return run


@pytest.fixture
def projector(tmp_path: Path) -> Projector:
    """A projector to be driven step by step."""
    return Projector(stopper=Stopper(), heartbeat=Heartbeat("project", tmp_path))


@pytest.fixture
def project(projector: Projector) -> Callable[[], None]:
    """Brings everything in the log into the graph."""

    def run() -> None:
        while projector.step():
            pass

    return run
