"""The commands of the load: what is asked of the gateway, and under which key."""

from dataclasses import dataclass
from typing import Any

CREATE, UPDATE, DELETE, ADD, REMOVE = "create", "update", "delete", "add", "remove"
METHODS = {UPDATE: "PUT", DELETE: "DELETE"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """Something to ask for, without a number yet."""

    kind: str
    user: int | None = None
    friend: int | None = None
    names: tuple[str, str] | None = None
    if_match: int | None = None
    # Sent from two threads at once, under one key: a client that is too quick to ask again.
    twice: bool = False

    @property
    def method(self) -> str:
        """The HTTP method."""
        return METHODS.get(self.kind, "POST")

    @property
    def path(self) -> str:
        """The path behind the gateway."""
        if self.kind == CREATE:
            return "/user/v1/users"
        if self.kind in (UPDATE, DELETE):
            return f"/user/v1/users/{self.user}"
        verb = "addFriend" if self.kind == ADD else "removeFriend"
        return f"/friend/v1/users/{self.user}/commands/{verb}?friendId={self.friend}"

    @property
    def body(self) -> dict[str, str] | None:
        """The names, for those that have any."""
        return {"firstName": self.names[0], "lastName": self.names[1]} if self.names else None

    def headers(self, number: int, attempt: int) -> dict[str, str]:
        """The key is the request's, the request id the attempt's."""
        found = {"Idempotency-Key": f"chaos-{number}", "X-Request-Id": f"chaos-{number}.{attempt}"}
        return found | ({"If-Match": f'"{self.if_match}"'} if self.if_match is not None else {})

    def noted(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        found = {"kind": self.kind, "user": self.user, "friend": self.friend}
        return found | {"names": self.names, "ifMatch": self.if_match}
