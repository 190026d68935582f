"""The HTTP API of the recommendations service: two questions, read only."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommendations import graph, queries
from service import parameters
from service.problems import Problem

AWAY = "The graph does not answer; try again in a moment."


class MutualFriends(APIView):
    """Whom two users both know."""

    def get(self, request: Request, user_id: str) -> Response:
        """The mutual friends of the user and of `friendId`."""
        number = parameters.integer(user_id, "userId")
        friend = parameters.required_id(request, "friendId")
        try:
            return Response(queries.mutual_friends(number, friend))
        except graph.Unavailable as error:
            raise Problem(503, AWAY, headers={"Retry-After": "1"}) from error


class RecommendedFriends(APIView):
    """Whom a user should know."""

    def get(self, request: Request, user_id: str) -> Response:
        """The non-friends with the most mutual friends, at most `limit` (1 to 100, default 20)."""
        number = parameters.integer(user_id, "userId")
        limit = parameters.limit(request, default=20, most=100)
        try:
            return Response(queries.recommended_friends(number, limit=limit))
        except graph.Unavailable as error:
            raise Problem(503, AWAY, headers={"Retry-After": "1"}) from error
