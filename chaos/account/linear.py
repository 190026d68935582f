"""Whether the answers of one stream can be explained by one order of its commands (linearisability).

The order of the accepted commands needs no search: each was answered with the version that it made. It must have no
gap and no double, agree with time (who was answered before another was sent came first), and be legal. A refused
command is a look at the stream: there must be a moment between its sending and its answer at which the stream was in
a state that refuses it, and looks that came one after the other must not go back in time. Taking the earliest such
moment for each, in the order of sending, finds an order where there is one: an earlier moment never rules out a
later look.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from chaos.account.findings import DOUBLED, LOST, WRONG, Finding, Findings
from chaos.account.ledger import ADD, CREATE, DELETE, DONE_AND_ERASED, REMOVE, UPDATE, Attempt, Ledger, Request
from chaos.account.world import World, version

# What may follow what in a stream; None: the stream is new.
AFTER: dict[str, tuple[str | None, ...]] = {
    CREATE: (None,),
    UPDATE: (CREATE, UPDATE),
    DELETE: (CREATE, UPDATE),
    ADD: (None, REMOVE),
    REMOVE: (ADD,),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """A refused attempt: which request's, and how far its place in the order may reach."""

    request: Request
    attempt: Attempt


def check(ledger: Ledger, world: World) -> Findings:
    """Everything about the answers alone: no store is looked at."""
    for request in ledger.requests.values():
        yield from _one(ledger, request)
    looks = _looks(ledger)
    for stream in sorted({*world.streams, *looks}):
        commands = world.streams.get(stream, ())
        yield from _versions(stream, commands)
        yield from _order(stream, commands)
        yield from _refusals(stream, commands, looks.get(stream, []))


def _one(ledger: Ledger, request: Request) -> Findings:
    if not ledger.settled(request):
        yield Finding(kind=WRONG, what="it is not known whether it was carried out", requests=[request.name])
    told = [one for one in request.attempts if one.accepted and one.status != DONE_AND_ERASED]
    answers = {(one.status, None if request.found_in else one.version, repr(one.body)) for one in told}
    if len(answers) > 1:
        yield Finding(kind=WRONG, what="one command was answered in different ways", requests=[request.name])
    if request.accepted and request.if_match and version(request) != request.if_match + 1:
        yield Finding(
            kind=WRONG,
            what=f"If-Match {request.if_match} was answered with version {version(request)}",
            stream=request.stream,
            requests=[request.name],
        )


def _looks(ledger: Ledger) -> dict[str, list[Look]]:
    found: dict[str, list[Look]] = {}
    for request in ledger.requests.values():
        for attempt in request.attempts:
            if attempt.refused and request.kind != CREATE:
                found.setdefault(request.stream, []).append(Look(request=request, attempt=attempt))
    return found


def _versions(stream: str, commands: Sequence[Request]) -> Findings:
    expected = 1
    for command in commands:
        made = version(command)
        if made < expected:
            what = f"version {made} was answered to more than one command"
            yield Finding(kind=DOUBLED, what=what, stream=stream, requests=_names(commands, made))
        elif made > expected:
            what = f"no accepted command made version {expected}"
            yield Finding(kind=DOUBLED, what=what, stream=stream, requests=[command.name])
        expected = made + 1


def _names(commands: Sequence[Request], made: int) -> list[str]:
    return [command.name for command in commands if version(command) == made]


def _order(stream: str, commands: Sequence[Request]) -> Findings:
    before: str | None = None
    for command in commands:
        if before not in AFTER[command.kind]:
            what = f"{command.kind} was accepted after {before or 'nothing'}"
            yield Finding(kind=WRONG, what=what, stream=stream, requests=[command.name])
        before = command.kind
    # Going back: nobody may have been answered before somebody with a lower version was sent.
    soonest = math.inf
    for command in reversed(commands):
        if command.accepted and command.began > soonest:
            what = f"version {version(command)} was sent after a later one had been answered"
            yield Finding(kind=WRONG, what=what, stream=stream, requests=[command.name])
        soonest = min(soonest, command.done)


def _refusals(stream: str, commands: Sequence[Request], looks: list[Look]) -> Findings:
    placed: list[tuple[float, int]] = []
    for look in sorted(looks, key=lambda one: one.attempt.sent):
        reason = refuses(look)
        low, high = _bounds(commands, look.attempt)
        low = max([low, *(place for ended, place in placed if ended < look.attempt.sent)])
        place = next((place for place in range(low, high + 1) if reason(_state(commands, place), place)), None)
        if place is None:
            what = f"{look.attempt.status} for {look.request.kind} fits no moment between versions {low} and {high}"
            yield Finding(kind=WRONG, what=what, stream=stream, requests=[look.request.name])
        else:
            placed.append((look.attempt.ended, place))


def _bounds(commands: Sequence[Request], attempt: Attempt) -> tuple[int, int]:
    """After how many of the commands the look came: at least, and at most."""
    low = sum(1 for one in commands if one.done < attempt.sent)
    high = len(commands) - sum(1 for one in commands if one.began > attempt.ended)
    return low, high


def _state(commands: Sequence[Request], place: int) -> str | None:
    return commands[place - 1].kind if place else None


Reason = Callable[[str | None, int], bool]


def refuses(look: Look) -> Reason:
    """Whether a stream whose last command was of such a kind, at such a version, refuses with that status."""
    kind, status, expected = look.request.kind, look.attempt.status, look.request.if_match
    if kind in (UPDATE, DELETE) and status == 404:
        return lambda state, place: state in (None, DELETE)
    if kind == ADD and status == 409:
        return lambda state, place: state == ADD
    if kind == ADD and status == 404:
        # It is about the two people, not about their friendship: see `unknown_people`.
        return lambda state, place: True
    if kind == REMOVE and status == 404:
        return lambda state, place: state in (None, REMOVE)
    if status == 412 and expected is not None:
        return lambda state, place: state not in (None, DELETE, REMOVE) and place != expected
    return lambda state, place: False


def unknown_people(ledger: Ledger, world: World) -> Iterator[Finding]:
    """addFriend answered 404 although both were there before it was sent."""
    for look in (one for looks in _looks(ledger).values() for one in looks):
        request, attempt = look.request, look.attempt
        if request.kind == ADD and attempt.status == 404 and _all_there(world, request, attempt):
            what = "404, although both had been created before it was sent"
            yield Finding(kind=LOST, what=what, stream=request.stream, requests=[request.name])


def _all_there(world: World, request: Request, attempt: Attempt) -> bool:
    for user in (request.user, request.friend):
        commands = world.streams.get(f"user-{user}", ())
        ends = [one.began for one in commands if one.kind == DELETE]
        if not commands or commands[0].done > attempt.sent or min(ends, default=math.inf) < attempt.ended:
            return False
    return True
