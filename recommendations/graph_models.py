"""What stands in the graph, as neomodel describes it: the schema is made from here, and simple reads go through it.

What is written, and the two questions that the service answers, are hand-written Cypher (`projection`, `queries`).
"""

import neomodel
from neomodel import (
    BooleanProperty,
    IntegerProperty,
    RelationshipFrom,
    RelationshipTo,
    StringProperty,
    StructuredNode,
    StructuredRel,
)

from recommendations import graph


class Friend(StructuredRel):
    """Two users are friends: one edge from the lower to the higher id. `userId`: who asked."""

    friendship_id = IntegerProperty(db_property="id")
    version = IntegerProperty()
    userId = IntegerProperty()
    createdAt = StringProperty()
    updatedAt = StringProperty()


class Unfriended(StructuredRel):
    """Two users were friends: remembers the version of the removal, so that an older event cannot undo it."""

    version = IntegerProperty()


class User(StructuredNode):
    """Somebody. Without a name they are left out of every answer: at version 0 only a tie has told of them so far;
    `erased`, they left, and the version keeps an older event from bringing them back."""

    userId = IntegerProperty(unique_index=True, required=True)
    firstName = StringProperty()
    lastName = StringProperty()
    createdAt = StringProperty()
    lastModified = StringProperty()
    version = IntegerProperty()
    erased = BooleanProperty()

    higher_friends = RelationshipTo("User", "FRIEND", model=Friend)
    lower_friends = RelationshipFrom("User", "FRIEND", model=Friend)
    higher_unfriended = RelationshipTo("User", "UNFRIENDED", model=Unfriended)


class Checkpoint(StructuredNode):
    """Up to where, in one partition of the log, the graph is made; moved in the transaction that makes it.

    `place`: projector, topic and partition, for one constraint. `eventId`: the event at that position, by which a log
    that is another one gives itself away.
    """

    place = StringProperty(unique_index=True, required=True)
    name = StringProperty()
    topic = StringProperty()
    partition = IntegerProperty()
    position = IntegerProperty()
    eventId = StringProperty()


class Writer(StructuredNode):
    """One node that every writing transaction changes first: they take turns."""

    name = StringProperty(unique_index=True, required=True)
    turns = IntegerProperty()


class Rebuild(StructuredNode):
    """A rebuild under way: how far it has come, moved in the transactions that do its work."""

    name = StringProperty(unique_index=True, required=True)
    phase = StringProperty()
    after = StringProperty()
    upto = StringProperty()


MODELS: tuple[type[StructuredNode], ...] = (User, Checkpoint, Writer, Rebuild)


def constraints() -> list[str]:
    """The statements that make every unique property of the models unique.

    neomodel's own `install_labels` asks which are there and makes the others, which ArcadeDB answers in another way;
    IF NOT EXISTS both engines understand.
    """
    return [
        f"CREATE CONSTRAINT {model.__label__.lower()}_{name} IF NOT EXISTS "
        f"FOR (node:{model.__label__}) REQUIRE node.{name} IS UNIQUE"
        for model in MODELS
        for name, declared in model.defined_properties(aliases=False, rels=False).items()
        if declared.unique_index
    ]


def install() -> None:
    """Make the constraints that are missing, then the node on which writers take turns. Raises graph.Unavailable."""
    graph.schema(constraints())
    graph.write(lambda transaction: transaction.run("MERGE (:Writer {name: 'graph'})").consume())


def connect() -> None:
    """Have neomodel use the service's own driver."""
    if neomodel.db.driver is not graph.driver():
        neomodel.db.set_connection(driver=graph.driver())
