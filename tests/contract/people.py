"""The people of the table: some that all lines share, and as many new ones as a line names."""

from collections.abc import Mapping

from tests.contract.table import TIES, UNKNOWN
from tests.support.network import Network
from tests.support.waiting import eventually

# `new_friend_of_new1`: somebody new who is new1's friend already.
FRIEND_OF = "new_friend_of_"


def shared(network: Network) -> dict[str, int]:
    """Ids by name of the people with `TIES`, once the ties are projected."""
    names = ("ann", "bob", "cid", "dan", "eve")
    ids = {name: network.create(name.title(), "Contract")["id"] for name in names}
    records = [network.befriend(ids[one], ids[other]) for one, other in TIES]

    def projected() -> None:
        # In whatever order: a wrong one is to fail its own test, not all of them.
        assert {person for person, _ in network.recommended(ids["ann"])} >= {ids["cid"], ids["eve"]}

    eventually(projected)
    return {**ids, "friendship": records[0]["id"], "unknown": UNKNOWN}


class Cast(dict[str, int]):
    """Ids by name for one line; who is `new` is created when first named."""

    def __init__(self, network: Network, known: Mapping[str, int]) -> None:
        super().__init__(known)
        self.network = network

    def __missing__(self, name: str) -> int:
        if not name.startswith("new"):
            raise KeyError(name)
        self[name] = self.network.create(name.title())["id"]
        if name.startswith(FRIEND_OF):
            self.network.befriend(self[name.removeprefix(FRIEND_OF)], self[name])
        return self[name]
