"""What a line of the contract's table is.

In a call, `{ann}` stands for the id of a person: ann, bob, cid, dan and eve are there with the ties of `TIES`, any
name that begins with `new` is somebody created for this line alone, `{friendship}` is the record of ann and bob,
`{unknown}` is nobody's id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.contract import shapes
from tests.contract.shapes import Shape

TIES = (("ann", "bob"), ("bob", "cid"), ("ann", "dan"), ("dan", "cid"), ("bob", "eve"))
UNKNOWN = 7_000_000_000_000

Ids = Mapping[str, int]
JSON = "application/json"
CREATE, UPDATE = "POST /user/v1/users", "PUT /user/v1/users/{ann}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the contract: what is sent and what must come back.

    `body`: JSON from the ids, bytes as they are, or None for an empty body. `names`: the fields that a 400 names.
    `allow`: methods that a 405 offers. `shape` None: an empty body. `headers`: what else is sent.
    """

    case: str
    call: str
    status: int = 200
    shape: Shape | None = shapes.problem
    body: Callable[[Ids], object] | bytes | None = None
    content_type: str | None = JSON
    names: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.case}: {self.call}"


def json_of(value: object) -> Callable[[Ids], object]:
    """A body that is the same whoever the people are."""
    return lambda ids: value


def names(first: object = "Ann", last: object = "Lee", **others: object) -> Callable[[Ids], object]:
    """The body of a create or an update."""
    return json_of({"firstName": first, "lastName": last, **others})


def with_id_of(person: str) -> Callable[[Ids], object]:
    """The body of an update that carries somebody's id."""
    return lambda ids: {"id": ids[person], "firstName": "Ann", "lastName": "Lee"}
