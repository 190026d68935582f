"""The HTTP API of the users service: thin classes that read the request, call a command or a query, and answer."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from eventsourcing import history
from eventsourcing.http import etag, execute, expected_versions
from eventsourcing.idempotency import Answer
from service import parameters
from service.problems import Problem
from users import commands, queries
from users.serializers import UserInput
from users.user import User, record, stream_of


def _names(request: Request) -> dict[str, str]:
    body = UserInput(data=request.data)
    body.is_valid(raise_exception=True)
    return {"first_name": body.validated_data["firstName"], "last_name": body.validated_data["lastName"]}


def _answer(user: User, status: int) -> Answer:
    return Answer(
        status=status, body=record(user), headers={"ETag": etag(user.version)}, subjects=(stream_of(user.id),)
    )


class Users(APIView):
    """All users."""

    def post(self, request: Request) -> HttpResponse:
        """Create a user."""
        names = _names(request)
        return execute(request, lambda: commands.create_user(**names), lambda user: _answer(user, 201), body=names)

    def get(self, request: Request) -> Response:
        """List users by id: `limit` (default 50, at most 200), `cursor` (from the `Link` header), `name` (prefix)."""
        limit = parameters.limit(request, default=50, most=200)
        after = parameters.integer(request.query_params.get("cursor", "0"), "cursor")
        name = request.query_params.get("name", "")
        if "\0" in name:
            raise Problem(400, "name must not have control characters.")
        found = queries.list_users(after=after, limit=limit + 1, name=name)
        response = Response([record(user) for user in found[:limit]])
        if len(found) > limit:
            query: dict[str, Any] = {"limit": limit, "cursor": found[limit - 1].id} | ({"name": name} if name else {})
            response["Link"] = f'<?{urlencode(query)}>; rel="next"'
        return response


class UserHistory(APIView):
    """How a user came about."""

    def get(self, request: Request, user_id: str) -> Response:
        """The user's events, the first first."""
        number = parameters.integer(user_id, "id")
        entries = history.entries(stream_of(number))
        if not entries:
            raise Problem(404, f"There is no user {number}.")
        return Response(entries)


class OneUser(APIView):
    """One user."""

    def get(self, request: Request, user_id: str) -> Response:
        """Read a user; with `asOf`, as the user was at that moment."""
        number = parameters.integer(user_id, "id")
        moment = parameters.moment(request, "asOf")
        found = queries.get_user(number) if moment is None else queries.get_user_as_of(number, moment)
        if found is None:
            raise Problem(404, f"There {'is' if moment is None else 'was'} no user {number}.")
        return Response(record(found), headers={"ETag": etag(found.version)})

    def put(self, request: Request, user_id: str) -> HttpResponse:
        """Update a user."""
        number = parameters.integer(user_id, "id")
        names = _names(request)
        body: Any = request.data
        sent = body.get("id", number)
        if sent is not None and (isinstance(sent, bool) or sent != number):
            message = f"is not the id of the path, {number}"
            raise Problem(400, f"id {message}.", errors=[{"field": "id", "message": message}])
        expected = expected_versions(request)
        return execute(
            request,
            lambda: commands.update_user(number, **names, expected=expected),
            lambda user: _answer(user, 200),
            body=names,
        )

    def delete(self, request: Request, user_id: str) -> HttpResponse:
        """Delete a user, and forget who it was."""
        number = parameters.integer(user_id, "id")
        expected = expected_versions(request)
        return execute(
            request,
            lambda: commands.delete_user(number, expected=expected),
            lambda nothing: Answer(status=204, headers={}),
        )
