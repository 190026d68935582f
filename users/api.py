"""The HTTP API of the users service: thin classes that read the request, call a command or a query, and answer."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from eventsourcing import reading
from eventsourcing.http import etag, execute, expected_versions
from eventsourcing.idempotency import Answer
from service import access, parameters
from service.conditional import representation
from service.paging import next_page
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
        access.require(access.ADMIN)
        names = _names(request)
        return execute(
            request,
            lambda: commands.create_user(**names),
            lambda user: _answer(user, 201),
            name="create_user",
            body=names,
        )

    def get(self, request: Request) -> HttpResponse:
        """List users by id: `limit` (default 50, at most 200), `cursor` (from the `Link` header), `name` (prefix)."""
        limit = parameters.limit(request, default=50, most=200)
        after = parameters.integer(request.query_params.get("cursor", "0"), "cursor")
        name = request.query_params.get("name", "")
        if "\0" in name:
            raise Problem(400, "name must not have control characters.")
        found = queries.list_users(after=after, limit=limit + 1, name=name)
        page = found[:limit]
        searched = {"name": name} if name else {}
        more = next_page(limit=limit, cursor=page[-1].id, **searched) if len(found) > limit else {}
        return representation(request, [record(user) for user in page], headers=more)


class UserHistory(APIView):
    """How a user came about."""

    def get(self, request: Request, user_id: str) -> HttpResponse:
        """The user's events, the first first, in pages: `limit` (default 100, at most 1,000), `after` (a version)."""
        number = parameters.integer(user_id, "id")
        access.require_user(number)
        return reading.history_page(request, stream_of(number), missing=f"There is no user {number}.")


class OneUser(APIView):
    """One user."""

    def get(self, request: Request, user_id: str) -> HttpResponse:
        """Read a user; with `asOf`, as the user was at that moment."""
        number = parameters.integer(user_id, "id")
        moment = parameters.moment(request, "asOf")
        found = queries.get_user(number) if moment is None else queries.get_user_as_of(number, moment)
        if found is None:
            raise Problem(404, f"There {'is' if moment is None else 'was'} no user {number}.")
        return reading.record(request, record(found), stream=stream_of(number), version=found.version)

    def put(self, request: Request, user_id: str) -> HttpResponse:
        """Update a user."""
        number = parameters.integer(user_id, "id")
        access.require_user(number)
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
            name="update_user",
            body=names,
        )

    def delete(self, request: Request, user_id: str) -> HttpResponse:
        """Delete a user, and forget who it was."""
        number = parameters.integer(user_id, "id")
        access.require_user(number)
        expected = expected_versions(request)
        return execute(
            request,
            lambda: commands.delete_user(number, expected=expected),
            lambda nothing: Answer(status=204, headers={}),
            name="delete_user",
        )
