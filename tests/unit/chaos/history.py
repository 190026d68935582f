"""A small run as it should be: the client's ledger, and stores that agree with it. Tests then doctor either."""

import copy
import json
from typing import Any

from chaos.account import checks, ledger, world
from chaos.account.findings import Finding

T = "2026-11-25T01:00:00.{:03}+00:00"


class History:
    """Commands one after the other, each answered; the stores that they make. Nothing here is of the real system."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.clock = self.requests = self.moment = 0
        self.versions: dict[str, int] = {}
        self.records: dict[str, dict[str, Any]] = {}
        self.stores: dict[str, Any] = {
            "users": {"events": [], "outbox": [], "state": []},
            "friends": {"events": [], "outbox": [], "state": [], "directory": [], "letters": []},
            "recommendations": {"log": [], "letters": []},
            "kafka": {"user": [], "friend": []},
            "graph": {"people": [], "ties": [], "checkpoints": []},
            "answers": {},
            "anew": {},
        }

    # -- the ledger --------------------------------------------------------------------------------------------

    def tick(self) -> int:
        """Time goes on."""
        self.clock += 10
        return self.clock

    def send(self, kind: str, attempt: int = 1, number: int = 0, **noted: Any) -> int:
        """An attempt is sent; the request's number."""
        if not number:
            self.requests += 1
            number = self.requests
        line = {"what": "send", "at": self.tick(), "request": number, "attempt": attempt, "kind": kind, **noted}
        self.lines.append(line)
        return number

    def answer(self, number: int, kind: str, status: int, attempt: int = 1, **told: Any) -> None:
        """An attempt is answered."""
        line = {"what": "answer", "at": self.tick(), "request": number, "attempt": attempt, "kind": kind}
        self.lines.append(line | {"status": status, "version": None, "body": None, "retryAfter": None} | told)

    def refuse(self, kind: str, status: int, **noted: Any) -> int:
        """A command that is refused; its number."""
        number = self.send(kind, **noted)
        self.answer(number, kind, status)
        return number

    # -- commands that are accepted ----------------------------------------------------------------------------

    def create(self, user: int) -> None:
        """Somebody joins."""
        self._user("create", user, "Ada", {})

    def update(self, user: int, first: str) -> None:
        """Somebody is renamed."""
        self._user("update", user, first, {"user": user})

    def _user(self, kind: str, user: int, first: str, noted: dict[str, Any]) -> None:
        number = self.send(kind, names=[first, "L"], **noted)
        stream = f"user-{user}"
        self.moment += 1
        created = self.records.get(stream, {}).get("createdAt", T.format(self.moment))
        record = {"id": user, "firstName": first, "lastName": "L", "createdAt": created}
        self.records[stream] = record | {"lastModified": T.format(self.moment)}
        version = self._event("users", "user", stream, f"USER_{kind.upper()}D", self.records[stream], number)
        self.answer(number, kind, 201 if kind == "create" else 200, version=version, body=self.records[stream])

    def add(self, user: int, friend: int) -> int:
        """Two become friends."""
        number = self.send("add", user=user, friend=friend)
        stream = _pair(user, friend)
        self.moment += 1
        at = T.format(self.moment)
        known = self.records.get(stream, {}).get("id", 100 + len(self.records))
        record = {"id": known, "userId": user, "friendId": friend, "createdAt": at, "updatedAt": at}
        self.records[stream] = record
        version = self._event("friends", "friend", stream, "FRIEND_ADDED", record, number)
        self.answer(number, "add", 201, version=version, body=record)
        return number

    def remove(self, user: int, friend: int) -> int:
        """Two are friends no longer."""
        number = self.send("remove", user=user, friend=friend)
        stream = _pair(user, friend)
        self.moment += 1
        record = self.records[stream] | {"updatedAt": T.format(self.moment)}
        version = self._event("friends", "friend", stream, "FRIEND_REMOVED", record, number)
        self.answer(number, "remove", 204, version=version)
        return number

    def delete(self, user: int) -> int:
        """Somebody is deleted, and forgotten; their friendships end."""
        number = self.send("delete", user=user)
        stream = f"user-{user}"
        self.moment += 1
        record = {"id": user, "createdAt": self.records[stream]["createdAt"], "lastModified": T.format(self.moment)}
        self._event("users", "user", stream, "USER_DELETED", record, number)
        self.answer(number, "delete", 204)
        for rows in (self.stores["users"]["events"], self.stores["recommendations"]["log"]):
            for row in rows:
                row["personal"] = None if row["stream"] == stream else row["personal"]
        cause = self.stores["users"]["events"][-1]["event_id"]
        for tie in [row for row in self.stores["friends"]["state"] if row["active"]]:
            if user in (tie["low"], tie["high"]):
                self.moment += 1
                pair = _pair(tie["low"], tie["high"])
                ended = self.records[pair] | {"updatedAt": T.format(self.moment)}
                self._event("friends", "friend", pair, "FRIEND_REMOVED", ended, number, cause)
        return number

    # -- the stores --------------------------------------------------------------------------------------------

    def _event(
        self,
        service: str,
        topic: str,
        stream: str,
        kind: str,
        record: dict[str, Any],
        request: int,
        cause: str | None = None,
    ) -> int:
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        events, outbox = self.stores[service]["events"], self.stores[service]["outbox"]
        position = len(events) + 1
        personal = {name: record[name] for name in ("firstName", "lastName") if name in record} or None
        data = {name: value for name, value in record.items() if name not in (personal or {})}
        common = {"event_id": f"{service}-{position}", "stream": stream, "version": version, "type": kind}
        common |= {"data": data, "personal": personal}
        events.append({"position": position, "correlation": f"chaos-{request}.1", "causation": cause, **common})
        place = {"position": position, "stream": stream, "version": version, "sequence": position}
        outbox.append(place | {"published": True, "topic_id": "t"})
        value = {"eventId": common["event_id"], "stream": stream, "streamVersion": version, "eventType": kind}
        messages = self.stores["kafka"][topic]
        message = {"partition": 0, "offset": len(messages), "key": stream.partition("-")[2]}
        messages.append(message | {"value": value | {"subject": record}})
        log = self.stores["recommendations"]["log"]
        end = sum(1 for entry in log if entry["topic"] == topic) + 1
        log.append({"topic": topic, "partition": 0, "position": end, **common})
        self._stand(stream, kind, record, version)
        return version

    def _stand(self, stream: str, kind: str, record: dict[str, Any], version: int) -> None:
        numbers = [int(part) for part in stream.split("-")[1:]]
        log = self.stores["recommendations"]["log"]
        ends = {entry["topic"]: entry["position"] for entry in log}
        graph = self.stores["graph"]
        graph["checkpoints"] = [{"topic": t, "partition": 0, "position": ends[t]} for t in sorted(ends)]
        if kind == "USER_DELETED":
            self._depart(numbers[0], version)
            return
        if len(numbers) == 1:
            state = {"id": numbers[0], "first_name": record["firstName"], "last_name": record["lastName"]}
            times = {"created_at": record["createdAt"], "last_modified": record["lastModified"]}
            _put(self.stores["users"]["state"], {"id": numbers[0]}, state | times | {"version": version})
            entry = {"user_id": numbers[0], "version": version, "deleted": False}
            _put(self.stores["friends"]["directory"], {"user_id": numbers[0]}, entry)
            node = {name: value for name, value in record.items() if name != "id"}
            people = [row for row in graph["people"] if row["properties"]["userId"] != numbers[0]]
            graph["people"] = [*people, {"properties": node | {"userId": numbers[0], "version": version}}]
            return
        pair = {"low": numbers[0], "high": numbers[1]}
        active = kind == "FRIEND_ADDED"
        row = {"id": record["id"], "user_id": record["userId"], "active": active, "version": version}
        times = {"created_at": record["createdAt"], "updated_at": record["updatedAt"]}
        _put(self.stores["friends"]["state"], pair, pair | row | times)
        tie = {"version": version}
        tie |= {name: record[name] for name in ("id", "userId", "createdAt", "updatedAt")} if active else {}
        _put(graph["ties"], pair, pair | {"type": "FRIEND" if active else "UNFRIENDED", "properties": tie})

    def _depart(self, user: int, version: int) -> None:
        users, directory = self.stores["users"]["state"], self.stores["friends"]["directory"]
        users[:] = [row for row in users if row["id"] != user]
        _put(directory, {"user_id": user}, {"user_id": user, "version": version, "deleted": True})
        for row in self.stores["graph"]["people"]:
            if row["properties"]["userId"] == user:
                row["properties"] = {"userId": user, "version": version, "erased": True}

    # -- the account -------------------------------------------------------------------------------------------

    def read(self) -> tuple[ledger.Ledger, world.World]:
        """The ledger as the account reads it, and what must be there."""
        kept = ledger.read(json.dumps(line) + "\n" for line in self.lines)
        return kept, world.of(kept, [*self.stores["users"]["events"], *self.stores["friends"]["events"]])

    def account(self) -> list[Finding]:
        """What the account finds."""
        return list(checks.all_of(*self.read(), copy.deepcopy(self.stores)))


def _pair(one: int, other: int) -> str:
    return f"friendship-{min(one, other)}-{max(one, other)}"


def _put(rows: list[dict[str, Any]], key: dict[str, Any], row: dict[str, Any]) -> None:
    rows[:] = [old for old in rows if any(old[name] != value for name, value in key.items())] + [row]


def small() -> History:
    """Four people, renamed ones among them; friendships, an ended one and one that began again."""
    history = History()
    for user in (1, 2, 3, 4):
        history.create(user)
    history.update(2, "Grace")
    history.add(2, 1)
    history.add(2, 3)
    history.remove(3, 2)
    history.add(3, 4)
    history.remove(3, 4)
    history.add(4, 3)
    history.refuse("add", 409, user=1, friend=2)
    history.refuse("remove", 404, user=2, friend=3)
    history.refuse("update", 404, user=99)
    return history
