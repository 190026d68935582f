"""The HTTP API of the recommendations service: two questions, read only."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from eventsourcing import tokens
from recommendations import arrival, graph, queries, watch
from service import access, client, lifetime, parameters, preferences
from service.conditional import representation
from service.problems import Problem

AWAY = "The graph does not answer; try again in a moment."
# What an answer depends on beside its address.
VARY = {"Vary": "Consistency-Token, Prefer"}


def _answer(request: Request, read: Callable[[], Any]) -> HttpResponse:
    """What is read once the graph has what the client has seen, or what it has after the longest wait.

    Raises Problem: 400 for a token that is none, 503 while the graph is away.
    """
    wants = arrival.followed(tokens.of(request))
    try:
        caught_up = _catch_up(request, wants) if wants else {}
        return representation(request, read(), headers=VARY | caught_up)
    except graph.Unavailable as error:
        raise Problem(503, AWAY, headers={"Retry-After": "1"}) from error


def _catch_up(request: Request, wants: frozenset[arrival.Want]) -> dict[str, str]:
    """Wait for the graph; the headers that say what came of it."""

    def abandoned() -> bool:
        return lifetime.ending() or client.gone(request)

    asked = preferences.wait(request.headers.get("Prefer"))
    outcome = watch.shared().wait(wants, preferences.DEFAULT_SECONDS if asked is None else asked, abandoned)
    headers = {"Projection-Lag": arrival.rendered(outcome.missing)} if outcome.missing else {}
    if asked is not None and not outcome.crowded:
        headers["Preference-Applied"] = f"wait={asked}"
    return headers


class MutualFriends(APIView):
    """Whom two users both know."""

    def get(self, request: Request, user_id: str) -> HttpResponse:
        """The mutual friends of the user and of `friendId`."""
        number = parameters.integer(user_id, "userId")
        access.require_user(number)
        friend = parameters.required_id(request, "friendId")
        return _answer(request, lambda: queries.mutual_friends(number, friend))


class RecommendedFriends(APIView):
    """Whom a user should know."""

    def get(self, request: Request, user_id: str) -> HttpResponse:
        """The non-friends with the most mutual friends, at most `limit` (1 to 100, default 20)."""
        number = parameters.integer(user_id, "userId")
        access.require_user(number)
        limit = parameters.limit(request, default=20, most=100)
        return _answer(request, lambda: queries.recommended_friends(number, limit=limit))
