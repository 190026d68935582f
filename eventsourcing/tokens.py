"""Consistency tokens in requests and answers."""

from rest_framework.request import Request

from eventsourcing import consistency
from eventsourcing.consistency import Token
from service.problems import Problem

HEADER, OMITTED = "Consistency-Token", "Consistency-Token-Omitted"


def of(request: Request) -> Token:
    """The token that the client sent, empty where it sent none. Raises Problem 400."""
    try:
        return consistency.parse(request.headers.get(HEADER, ""))
    except consistency.Unreadable as error:
        raise Problem(400, f"{HEADER} cannot be read: {error}.") from error


def headers(own: Token, sent: Token) -> dict[str, str]:
    """The headers that give a client what an answer has seen (`own`), and what it had seen before (`sent`).

    Where both together are too large, `own` alone, and how many members are left out: the client still has them.
    """
    merged = own.merged(sent)
    kept = next(token for token in (merged, own, Token()) if token.fits)
    found = {HEADER: kept.render()} if kept.versions else {}
    omitted = len(merged.versions) - len(kept.versions)
    return found | ({OMITTED: str(omitted)} if omitted else {})
