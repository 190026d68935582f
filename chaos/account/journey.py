"""What must be true of the events on their way: stored, in the outbox, on Kafka, in the log of recommendations."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from chaos.account.findings import DOUBLED, LOST, WRONG, Finding, Findings
from chaos.account.ledger import ADD, DELETE, Request
from chaos.account.stores import Row, Stores
from chaos.account.world import EVENT, World, version

# What no answer says of an event.
TIMES = ("updatedAt",)
# What an erasure takes.
PERSONAL = ("firstName", "lastName")


def stored(world: World, prefix: str, events: Sequence[Row]) -> Findings:
    """Every accepted command has exactly one event, in its place, and says what was answered; there are no others."""
    for command in world.nowhere if prefix == "user-" else ():
        what = "it was accepted, and nothing says what it did"
        yield Finding(kind=LOST, what=what, stream=command.stream, requests=[command.name])
    found = {(event["stream"], event["version"]): event for event in events}
    for key, number in Counter((event["stream"], event["version"]) for event in events).items():
        if number > 1:
            yield Finding(kind=DOUBLED, what=f"version {key[1]} is stored {number} times", stream=key[0])
    for stream, commands in world.streams.items():
        for command in commands if stream.startswith(prefix) else ():
            event = found.pop((stream, version(command)), None)
            if event is None:
                what = f"version {version(command)} was answered and has no event"
                yield Finding(kind=LOST, what=what, stream=stream, requests=[command.name])
            else:
                yield from _says(command, event, commands)
    for (stream, number), event in found.items():
        what = f"version {number} ({event['type']}, of {event['correlation']}) belongs to no accepted command"
        yield Finding(kind=DOUBLED, what=what, stream=stream, requests=[_of(event)])
    yield from _one_each(events)


def _of(event: Row) -> str:
    return str(event["correlation"]).rpartition(".")[0]


def _one_each(events: Sequence[Row]) -> Findings:
    for name, number in Counter(_of(event) for event in events if not event["causation"]).items():
        if number > 1 and name:
            yield Finding(kind=DOUBLED, what=f"one request made {number} events", requests=[name])


def subject(row: Row) -> dict[str, Any]:
    """An event's whole subject, as a table keeps it in two parts."""
    return {**row["data"], **(row["personal"] or {})}


def _says(command: Request, event: Row, commands: Sequence[Request]) -> Findings:
    expected, said = _expected(command, commands), subject(event)
    if event["type"] != EVENT[command.kind]:
        what = f"version {event['version']} is {event['type']}, {command.kind} was accepted"
        yield Finding(kind=WRONG, what=what, stream=event["stream"], requests=[command.name])
    elif commands[-1].kind == DELETE and (kept := [name for name in PERSONAL if name in said]):
        what = f"version {event['version']} keeps {', '.join(kept)} of somebody who was deleted"
        yield Finding(kind=WRONG, what=what, stream=event["stream"], requests=[commands[-1].name])
    elif different := sorted(name for name in expected if expected[name] != said.get(name)):
        what = f"version {event['version']} says something else than the answer in {', '.join(different)}"
        yield Finding(kind=WRONG, what=what, stream=event["stream"], requests=[command.name])
    if _of(event) != command.name:
        what = f"version {event['version']} was made by {event['correlation']}, not by the request answered with it"
        yield Finding(kind=WRONG, what=what, stream=event["stream"], requests=[command.name, _of(event)])


def _expected(command: Request, commands: Sequence[Request]) -> Mapping[str, Any]:
    """What the event must say: the answer's body. removeFriend has none: what the last addFriend was answered with,
    but for the time of the change."""
    if command.stream.startswith("user-"):
        body: Mapping[str, Any] = (command.accepted.body if command.accepted else None) or {}
        return {name: body[name] for name in body if commands[-1].kind != DELETE or name not in PERSONAL}
    if command.accepted and command.accepted.body:
        record: Mapping[str, Any] = command.accepted.body
        return record
    added = [one for one in commands if one.kind == ADD and version(one) < version(command)]
    last = (added[-1].accepted.body if added and added[-1].accepted else None) or {}
    return {name: value for name, value in last.items() if name not in TIMES}


def outbox(events: Sequence[Row], entries: Sequence[Row]) -> Findings:
    """Every event has its entry, every entry is published, and their sequence has no gap."""
    entered = {entry["position"]: entry for entry in entries}
    for event in events:
        entry = entered.get(event["position"])
        if entry is None:
            yield Finding(kind=LOST, what=f"version {event['version']} has no outbox entry", stream=event["stream"])
        elif not entry["published"]:
            yield Finding(kind=LOST, what=f"version {event['version']} is not published", stream=event["stream"])
    sequences = sorted(entry["sequence"] for entry in entries if entry["sequence"] is not None)
    if sequences != list(range(1, len(sequences) + 1)):
        yield Finding(kind=WRONG, what="the outbox's sequence has gaps or doubles")


def published(events: Sequence[Row], messages: Sequence[Row], topic: str, *, anew: bool) -> Findings:
    """Every event is on Kafka: for the first time in the order of its stream, again only as it was; a key's last
    message is its newest event. `anew`: the topic was made anew during the run, see `ahead`."""
    expected = {event["event_id"]: event for event in events}
    early = set(ahead(messages)) if anew else set()
    seen: dict[str, Any] = {}
    first: dict[str, int] = {}
    last: dict[str, Row] = {}
    for place, message in enumerate(messages):
        value = message["value"] or {}
        stream, number, event_id = value.get("stream", ""), value.get("streamVersion", 0), value.get("eventId", "")
        last[stream] = value
        if event_id not in expected:
            what = f"a message that is no event of ours: {topic} {message['partition']}:{message['offset']}"
            yield Finding(kind=DOUBLED, what=what, stream=stream)
        elif event_id in seen:
            if _lasting(seen[event_id], expected[event_id]) != _lasting(value, expected[event_id]):
                yield Finding(kind=WRONG, what=f"version {number} was repeated with other content", stream=stream)
        elif place in early:
            yield from _content(stream, number, value, expected[event_id])
        else:
            seen[event_id] = value
            yield from _first(stream, number, value, expected[event_id], first)
    for event in events:
        if event["event_id"] not in seen:
            yield Finding(kind=LOST, what=f"version {event['version']} is not on Kafka", stream=event["stream"])
    yield from _newest(events, last)


def ahead(messages: Sequence[Row]) -> list[int]:
    """Which messages stand before the first version 1 of their stream.

    Until a relay has noticed that its topic was made anew, a new event can come there before those that the topic
    lacks again. That is allowed, if then the whole stream follows in order: so these count as if they were not there.
    """
    begun, early = set(), []
    for place, message in enumerate(messages):
        value = message["value"] or {}
        if value.get("streamVersion") == 1:
            begun.add(value["stream"])
        elif value.get("stream") not in begun:
            early.append(place)
    return early


def _first(stream: str, number: int, value: Row, event: Row, first: dict[str, int]) -> Findings:
    if number != first.get(stream, 0) + 1:
        what = f"version {number} came to Kafka behind version {first.get(stream, 0)}"
        yield Finding(kind=WRONG, what=what, stream=stream)
    first[stream] = max(number, first.get(stream, 0))
    yield from _content(stream, number, value, event)


def _content(stream: str, number: int, value: Row, event: Row) -> Findings:
    told = (stream, number, value.get("eventType"), _lasting(value, event)["subject"])
    if told != (event["stream"], event["version"], event["type"], subject(event)):
        yield Finding(kind=WRONG, what=f"version {number} says something else on Kafka", stream=stream)


def _lasting(value: Row, event: Row) -> dict[str, Any]:
    """A message, without what an erasure takes where the event has lost it: older ones have it until compaction."""
    whole = {**value, "subject": value.get("subject") or {}}
    if event["personal"] is not None:
        return whole
    kept = {name: member for name, member in whole["subject"].items() if name not in PERSONAL}
    return {name: member for name, member in whole.items() if name not in ("personal", "erased")} | {"subject": kept}


def _newest(events: Sequence[Row], last: Mapping[str, Row]) -> Findings:
    newest: dict[str, int] = {}
    for event in events:
        newest[event["stream"]] = max(event["version"], newest.get(event["stream"], 0))
    for stream, number in newest.items():
        told = last.get(stream, {}).get("streamVersion", number)
        if told != number:
            what = f"the last message of its key is version {told}, the newest is {number}"
            yield Finding(kind=WRONG, what=what, stream=stream)


def logged(events: Sequence[Row], log: Sequence[Row], topic: str, *, anew: int) -> Findings:
    """Every event is in the log exactly once, as it was stored, in the order of its stream.

    `anew`: how often the topic was made anew, see `steps_back`.
    """
    expected = {event["event_id"]: event for event in events}
    entries = [entry for entry in log if entry["topic"] == topic]
    for entry in entries:
        stream, number = entry["stream"], entry["version"]
        event = expected.get(entry["event_id"])
        if event is None:
            yield Finding(kind=DOUBLED, what=f"version {number} is logged and was never stored", stream=stream)
        elif (stream, number, entry["type"], subject(entry)) != (*_place(event), event["type"], subject(event)):
            yield Finding(kind=WRONG, what=f"version {number} says something else in the log", stream=stream)
    for stream, found in steps_back(entries).items():
        for number, before in found if len(found) > anew else ():
            what = f"version {number} is logged behind version {before}"
            yield Finding(kind=WRONG, what=what, stream=stream)
    times = Counter(entry["event_id"] for entry in entries)
    for event in events:
        if times[event["event_id"]] != 1:
            kind = DOUBLED if times[event["event_id"]] else LOST
            what = f"version {event['version']} is in the log {times[event['event_id']]} times"
            yield Finding(kind=kind, what=what, stream=event["stream"])


def steps_back(entries: Sequence[Row]) -> dict[str, list[tuple[int, int]]]:
    """Where a stream goes back in the log: the version, and the one before it.

    The log keeps the order of arrival. What comes ahead of its stream (see `ahead`) is logged before what the topic
    lost and the log had not got yet; that follows, in order: one step back, each time that the topic was made anew.
    """
    last: dict[str, int] = {}
    found: dict[str, list[tuple[int, int]]] = {}
    for entry in entries:
        stream, number = entry["stream"], entry["version"]
        if number <= last.get(stream, 0):
            found.setdefault(stream, []).append((number, last[stream]))
        last[stream] = number
    return found


def _place(event: Row) -> tuple[str, int]:
    return event["stream"], event["version"]


def positions(log: Sequence[Row]) -> Findings:
    """Positions count 1, 2, 3 … in each partition."""
    for (topic, partition), found in by_partition(log).items():
        if found != list(range(1, len(found) + 1)):
            yield Finding(kind=LOST, what=f"the log's positions in {topic} {partition} have gaps or doubles")


def by_partition(log: Sequence[Row]) -> dict[tuple[str, int], list[int]]:
    """The positions of each partition of the log, in rising order."""
    found: dict[tuple[str, int], list[int]] = {}
    for entry in log:
        found.setdefault((entry["topic"], entry["partition"]), []).append(entry["position"])
    return {place: sorted(numbers) for place, numbers in found.items()}


def letters(stores: Stores) -> Findings:
    """No event waits as a dead letter."""
    for service in ("friends", "recommendations"):
        for letter in stores[service]["letters"]:
            what = f"{letter['consumer']} has parked key {letter['key']} of {letter['topic']}: {letter['error']}"
            yield Finding(kind=LOST, what=what)
