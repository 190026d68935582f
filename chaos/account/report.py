"""The account as people read it."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from chaos.account.findings import DOUBLED, LOST, WRONG, Finding
from chaos.account.journey import ahead, steps_back, subject
from chaos.account.ledger import Ledger
from chaos.account.stores import Row, Stores
from chaos.account.world import World

SHOWN = 50


def lines(ledger: Ledger, world: World, stores: Stores, findings: Sequence[Finding]) -> Iterator[str]:
    """The counts, then the verdict, then each discrepancy with what every store says about its stream."""
    yield "Account"
    for name, number, remark in _counts(ledger, world, stores):
        yield f"  {name:<28}{number:>10,}{'   ' + remark if remark else ''}"
    kinds = Counter(finding.kind for finding in findings)
    yield f"  lost {kinds[LOST]}, doubled {kinds[DOUBLED]}, otherwise wrong {kinds[WRONG]}"
    for finding in findings[:SHOWN]:
        yield ""
        yield f"{finding.kind.upper()} {finding.stream}: {finding.what}"
        if finding.requests:
            yield f"  requests   {', '.join(finding.requests)}"
        yield from (_told(ledger, stores, finding.stream) if finding.stream else ())
    if len(findings) > SHOWN:
        yield f"… and {len(findings) - SHOWN} more"


def _counts(ledger: Ledger, world: World, stores: Stores) -> Iterator[tuple[str, int, str]]:
    requests = list(ledger.requests.values())
    refused = sum(1 for one in requests if not one.accepted and ledger.settled(one))
    again = sum(len(one.attempts) - 1 for one in requests)
    remark = f"{refused:,} refused, {len(requests) - len(ledger.accepted) - refused:,} unknown; {again:,} asked again"
    yield "commands accepted", len(ledger.accepted), remark
    events = [*stores["users"]["events"], *stores["friends"]["events"]]
    messages = [*stores["kafka"]["user"], *stores["kafka"]["friend"]]
    yield "events stored", len(events), f"in {len(world.streams):,} streams"
    ids = {(message["value"] or {}).get("eventId") for message in messages}
    yield "published", len(ids), f"in {len(messages):,} messages"
    early = sum(len(ahead(stores["kafka"][topic])) for topic in stores["anew"])
    if stores["anew"]:
        times = ", ".join(f"{topic} {number} times" for topic, number in sorted(stores["anew"].items()))
        remark = f"before the relay noticed, then their whole streams; made anew: {times}"
        yield "ahead of their streams", early, remark
    log = stores["recommendations"]["log"]
    yield "logged", len(log), ""
    if stores["anew"]:
        back = sum(map(len, steps_back(log).values()))
        yield (
            "steps back in the log",
            back,
            "behind what came ahead of its stream; at most one each time it was made anew",
        )
    made = sum(row["position"] for row in stores["graph"]["checkpoints"])
    yield "projected", made, "positions of the log below the graph's checkpoints"
    ties = Counter(row["type"] for row in stores["graph"]["ties"])
    friends = sum(1 for tie in world.ties if tie.active)
    yield "friendships in the graph", ties["FRIEND"], f"{friends:,} by the answers; {ties['UNFRIENDED']:,} ended"
    yield "people in the graph", len(stores["graph"]["people"]), f"{len(world.people):,} by the answers"


def _told(ledger: Ledger, stores: Stores, stream: str) -> Iterator[str]:
    for request in ledger.requests.values():
        if request.stream == stream:
            said = ", ".join(f"{one.status or 'no answer'}{_tag(one.version)}" for one in request.attempts)
            yield f"  ledger     {request.name} {request.kind}: {said}"
    for service in ("users", "friends"):
        for event in _of(stores[service]["events"], stream):
            what = f"{event['type']} of {event['correlation']}"
            yield f"  events     v{event['version']} {what} {_short(subject(event))}"
        for entry in _of(stores[service]["outbox"], stream):
            yield f"  outbox     v{entry['version']} sequence {entry['sequence']}"
        for row in stores[service]["state"]:
            if stream in (f"user-{row['id']}", f"friendship-{row.get('low')}-{row.get('high')}"):
                yield f"  state      {_short(row)}"
    for topic, messages in stores["kafka"].items():
        for message in messages:
            if (message["value"] or {}).get("stream") == stream:
                where = f"{topic} {message['partition']}:{message['offset']}"
                yield f"  kafka      v{message['value']['streamVersion']} at {where}"
    for entry in _of(stores["recommendations"]["log"], stream):
        yield f"  log        v{entry['version']} at {entry['topic']} {entry['partition']}:{entry['position']}"
    for row in stores["graph"]["people"]:
        if stream == f"user-{row['properties'].get('userId')}":
            yield f"  graph      {_short(row['properties'])}"
    for row in stores["graph"]["ties"]:
        if stream == f"friendship-{row['low']}-{row['high']}":
            yield f"  graph      {row['type']} {_short(row['properties'])}"


def _of(rows: Sequence[Row], stream: str) -> list[Row]:
    return [row for row in rows if row["stream"] == stream]


def _tag(version: int | None) -> str:
    return f" (version {version})" if version is not None else ""


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:200]
