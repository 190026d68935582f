"""The HTTP API of the friends service: thin classes that read the request, call a command or a query, and answer."""

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from eventsourcing import reading
from eventsourcing.http import etag, execute, expected_versions
from eventsourcing.idempotency import Answer
from friends import commands, queries
from friends.friendship import Friendship, record, stream_of
from service import access, parameters
from service.conditional import representation
from service.paging import next_page
from service.parsing import AnyParser
from service.problems import Problem


def _other(friendship: Friendship, user_id: int) -> int:
    return friendship.friend_id if friendship.user_id == user_id else friendship.user_id


def _answer(friendship: Friendship, status: int) -> Answer:
    return Answer(status=status, body=record(friendship), headers={"ETag": etag(friendship.version)})


class AddFriend(APIView):
    """Command: somebody makes somebody a friend. The body says nothing, whatever its type."""

    parser_classes = (AnyParser,)

    def post(self, request: Request, user_id: str) -> HttpResponse:
        """Add a friend."""
        asker = parameters.integer(user_id, "userId")
        access.require_user(asker)
        friend = parameters.required_id(request, "friendId")
        return execute(
            request, lambda: commands.add_friend(asker, friend), lambda added: _answer(added, 201), name="add_friend"
        )


class RemoveFriend(APIView):
    """Command: a friendship ends. The body says nothing, whatever its type."""

    parser_classes = (AnyParser,)

    def post(self, request: Request, user_id: str) -> HttpResponse:
        """Remove a friend."""
        asker = parameters.integer(user_id, "userId")
        access.require_user(asker)
        friend = parameters.required_id(request, "friendId")
        expected = expected_versions(request)
        return execute(
            request,
            lambda: commands.remove_friend(asker, friend, expected=expected),
            lambda removed: Answer(status=204, headers={"ETag": etag(removed.version)}),
            name="remove_friend",
        )


class FriendsOfUser(APIView):
    """A user's friends."""

    def get(self, request: Request, user_id: str) -> HttpResponse:
        """All of them; in pages with `limit` (at most 1,000) and `cursor` (from the `Link` header)."""
        number = parameters.integer(user_id, "userId")
        after = parameters.integer(request.query_params.get("cursor", "0"), "cursor")
        limit = parameters.limit(request, default=0, most=1000)
        found = queries.friends_of(number, after=after, limit=limit + 1 if limit else None)
        page = found[: limit or None]
        more = next_page(limit=limit, cursor=_other(page[-1], number)) if len(found) > len(page) else {}
        return representation(request, [record(friendship, seen_by=number) for friendship in page], headers=more)


class FriendshipHistory(APIView):
    """How a friendship came about, and ended."""

    def get(self, request: Request, friendship_id: str) -> HttpResponse:
        """The friendship's events, the first first, an ended one's too; in pages as those of a user."""
        number = parameters.integer(friendship_id, "id")
        pair, missing = queries.pair_of_friendship(number), f"There is no friend record {number}."
        if pair is None:
            raise Problem(404, missing)
        access.require_user(*pair)
        return reading.history_page(request, stream_of(*pair), missing=missing)


class OneFriendship(APIView):
    """One friend record."""

    def get(self, request: Request, friendship_id: str) -> HttpResponse:
        """Read a friend record; with `asOf`, as the friendship was at that moment."""
        number = parameters.integer(friendship_id, "id")
        moment = parameters.moment(request, "asOf")
        found = queries.get_friendship(number) if moment is None else queries.get_friendship_as_of(number, moment)
        if found is None:
            raise Problem(404, f"There {'is' if moment is None else 'was'} no friend record {number}.")
        stream = stream_of(found.user_id, found.friend_id)
        return reading.record(request, record(found), stream=stream, version=found.version)
