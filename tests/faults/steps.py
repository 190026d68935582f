"""The steps at which processes are killed, as tables: a row for each, and what must be true when the process is dead.

A step is before or after one call of one of our functions (or of a library's). Nothing in the services knows of it:
the launcher puts a trap around the function in the process that it starts, and the trap waits to be armed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Where a process is killed: `when` ("before", "after") a call of `function` (`module:qualified.name`).

    within: only while a function of that name is under way. statement: only where the call's argument begins so.
    """

    name: str
    when: str
    function: str
    within: str = ""
    statement: str = ""

    @property
    def slug(self) -> str:
        """The name as a file may have it."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Relay(Step):
    """What is left behind: are the events in Kafka (`sent`), are they ticked off (`marked`)?"""

    sent: bool
    marked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Web(Step):
    """Has the command happened (`done`), although its client heard nothing?"""

    done: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Consumer(Step):
    """Is what was polled stored (`stored`), is the offset behind it committed (`committed`)?"""

    stored: bool
    committed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Projector(Step):
    """Are the changes in the graph (`shown`)? The checkpoints must be where the changes are."""

    shown: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Command(Step):
    """Which command is killed in its middle; it is then simply run again. Is what was wrong right (`mended`) when it
    is dead, or as it was? None: a part of it is. Nothing else may have changed."""

    service: str
    command: tuple[str, ...]
    mended: bool | None


# How a relay executes statements: the launcher gives its sessions this cursor.
CURSOR = "tests.faults.launcher:Cursor.execute"

RELAY = (
    Relay(
        name="before send",
        when="before",
        function="eventsourcing.publisher:Publisher._send",
        sent=False,
        marked=False,
    ),
    Relay(
        name="after send, before mark",
        when="after",
        function="eventsourcing.publisher:Publisher.publish",
        sent=True,
        marked=False,
    ),
    Relay(
        name="in the mark's transaction, before COMMIT",
        when="before",
        function=CURSOR,
        statement="COMMIT",
        within="_mark",
        sent=True,
        marked=False,
    ),
    Relay(
        name="after the mark's COMMIT",
        when="after",
        function="eventsourcing.relay:Relay._mark",
        sent=True,
        marked=True,
    ),
)

WEB = (
    Web(
        name="after append, before the answer is kept",
        when="after",
        function="eventsourcing.store:append",
        done=False,
    ),
    Web(
        name="after the answer is kept, before commit",
        when="after",
        function="eventsourcing.idempotency:Scope.store",
        done=False,
    ),
    Web(
        name="after commit, before the wakeup",
        when="before",
        function="eventsourcing.wakeup:announce",
        done=True,
    ),
    Web(
        name="after commit, before the answer is sent",
        when="before",
        function="eventsourcing.http:_response",
        done=True,
    ),
)

CONSUMER = (
    Consumer(
        name="after poll",
        when="before",
        function="eventsourcing.consumer:handle",
        stored=False,
        committed=False,
    ),
    Consumer(
        name="after store, before the database's commit",
        when="after",
        function="eventsourcing.consumer:_handle_unparked",
        stored=False,
        committed=False,
    ),
    Consumer(
        name="after the database's commit, before the offset's",
        when="after",
        function="eventsourcing.consumer:handle",
        stored=True,
        committed=False,
    ),
    Consumer(
        name="after the offset's commit",
        when="after",
        function="eventsourcing.consumer:Consumer._batch",
        stored=True,
        committed=True,
    ),
)

PROJECTOR = (
    Projector(
        name="after reading the log",
        when="before",
        function="recommendations.projection:project",
        shown=False,
    ),
    Projector(
        name="before Neo4j's commit",
        when="before",
        function="neo4j:Transaction.commit",
        within="project",
        shown=False,
    ),
    Projector(
        name="after Neo4j's commit, before anything else",
        when="after",
        function="neo4j:Transaction.commit",
        within="project",
        shown=True,
    ),
)

COMMANDS = (
    Command(
        name="users rebuild, between writing and sweeping",
        when="before",
        function="eventsourcing.rebuild:_sweep",
        service="users",
        command=("rebuild",),
        mended=True,
    ),
    Command(
        name="friends rebuild, between writing and sweeping",
        when="before",
        function="eventsourcing.rebuild:_sweep",
        service="friends",
        command=("rebuild",),
        mended=True,
    ),
    Command(
        name="users verify --repair, between deleting and writing",
        when="before",
        function="eventsourcing.state:StateTable.expected",
        within="repair",
        service="users",
        command=("verify", "--repair"),
        mended=False,
    ),
    Command(
        name="users replay, after a batch is sent",
        when="after",
        function="eventsourcing.publisher:Publisher._send",
        service="users",
        command=("replay",),
        mended=True,
    ),
    Command(
        name="recommendations rebuild, between two portions",
        when="after",
        function="recommendations.rebuild:_step",
        service="recommendations",
        command=("rebuild",),
        mended=None,
    ),
    Command(
        name="recommendations verify --repair, before Neo4j's commit",
        when="before",
        function="neo4j:Transaction.commit",
        within="_examine",
        service="recommendations",
        command=("verify", "--repair"),
        mended=False,
    ),
    Command(
        name="recommendations replay, after Neo4j's commit",
        when="after",
        function="recommendations.projection:apply",
        service="recommendations",
        command=("replay",),
        mended=True,
    ),
)

TABLES: dict[str, tuple[Step, ...]] = {
    "relay": RELAY,
    "web": WEB,
    "consume": CONSUMER,
    "project": PROJECTOR,
    "command": COMMANDS,
}


def by_function(kind: str, service: str) -> Iterator[tuple[str, list[Step]]]:
    """The steps of a kind of process of a service, by the function that needs a trap."""
    steps = [step for step in TABLES[kind] if not isinstance(step, Command) or step.service == service]
    for function in dict.fromkeys(step.function for step in steps):
        yield function, [step for step in steps if step.function == function]
