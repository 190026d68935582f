"""`/actuator/health` of the registry. Without its database it is up for as long as it knows what to answer: taken out
of service, it could tell nobody."""

import json

from django.http import HttpRequest, HttpResponse

from registry.memory import AWAY, MEMORY
from service import health


def database() -> None:
    """Raises where the database does not answer, and never did."""
    if MEMORY.lost and MEMORY.known:
        return
    try:
        health.database()
    except AWAY:
        if MEMORY.known is None:
            raise


def view(request: HttpRequest) -> HttpResponse:
    """As every service's, and in `details` how old the answers are where the database is away."""
    answer = health.view(request)
    known = MEMORY.known
    if answer.status_code != 200 or known is None or not MEMORY.lost:
        return answer
    said = {"status": "away", "answersAreFromSecondsAgo": round(known.age)}
    return HttpResponse(json.dumps({"status": "UP", "details": {"database": said}}), content_type="application/json")
