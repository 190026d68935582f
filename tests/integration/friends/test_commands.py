"""Commands of the friends service on real PostgreSQL, with a users service that answers as it is told."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from eventsourcing.models import StoredEvent
from friends import commands, queries
from friends.models import Friendship, KnownUser
from service import registration
from service.problems import Problem
from tests.support.threads import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


class UsersService:
    """Knows some users, counts how often it was asked, and can fall silent."""

    def __init__(self) -> None:
        self.known: set[int] = set()
        self.asked: list[int] = []
        self.status: int | None = None
        self.tag: str | None = None

    def answer(self, user_id: int) -> tuple[int, bytes]:
        """Status and body for a read of that user."""
        self.asked.append(user_id)
        if self.status is not None:
            return self.status, b"{}"
        return (200, json.dumps({"id": user_id}).encode()) if user_id in self.known else (404, b"{}")


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> Iterator[UsersService]:
    service = UsersService()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = service.answer(int(self.path.rsplit("/", 1)[1]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if service.tag is not None:
                self.send_header("ETag", service.tag)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("REGISTRY_URL", "")
    monkeypatch.setenv("USER_SERVICE_URL", f"http://127.0.0.1:{server.server_port}")
    registration.directory.cache_clear()
    yield service
    server.shutdown()
    server.server_close()
    registration.directory.cache_clear()


def known(*user_ids: int) -> None:
    for user_id in user_ids:
        KnownUser.objects.create(user_id=user_id, version=1)


def refused(status: int, *pair: int) -> str:
    with pytest.raises(Problem) as caught:
        commands.add_friend(*pair)
    assert caught.value.status == status
    return caught.value.detail


def test_two_people_whom_the_directory_knows_need_no_call(users: UsersService) -> None:
    known(1, 2)
    added = commands.add_friend(1, 2)
    assert (added.user_id, added.friend_id, added.version) == (1, 2, 1)
    assert users.asked == []


def test_somebody_too_new_for_the_directory_is_asked_for_once(users: UsersService) -> None:
    users.known = {1, 2, 3}
    commands.add_friend(1, 2)
    commands.add_friend(1, 3)
    assert users.asked == [1, 2, 3]
    assert KnownUser.objects.get(user_id=1).version == 0


def test_somebody_who_is_not_there_is_named(users: UsersService) -> None:
    users.known = {1}
    assert "no user 2" in refused(404, 1, 2)
    assert "no user 3 and no user 4" in refused(404, 3, 4)
    assert not StoredEvent.objects.exists()


@pytest.mark.parametrize("status", [500, 503, 200])
def test_a_users_service_that_does_not_say_is_not_a_no(users: UsersService, status: int) -> None:
    users.status = status
    with pytest.raises(Problem) as caught:
        commands.add_friend(1, 2)
    assert caught.value.status == 503
    assert caught.value.headers["Retry-After"]


def test_a_users_service_that_is_not_there_is_not_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_SERVICE_URL", "http://127.0.0.1:9")
    registration.directory.cache_clear()
    assert "cannot be said now" in refused(503, 1, 2)


def test_the_same_friendship_again_in_either_direction_is_a_conflict() -> None:
    known(1, 2)
    commands.add_friend(1, 2)
    refused(409, 1, 2)
    refused(409, 2, 1)
    refused(400, 1, 1)
    assert StoredEvent.objects.count() == 1


def test_concurrent_equal_commands_make_one_event() -> None:
    known(1, 2)
    answers = in_threads(8, lambda index: commands.add_friend(*((1, 2) if index % 2 else (2, 1))).id)
    assert len([answer for answer in answers if answer != 409]) == 1
    assert StoredEvent.objects.count() == Friendship.objects.count() == 1


def test_concurrent_friendships_of_one_person_do_not_stand_in_each_others_way() -> None:
    known(*range(1, 10))
    answers = in_threads(8, lambda index: commands.add_friend(1, index + 2).version)
    assert answers == [1] * 8


def test_a_friendship_ends_and_begins_again_under_its_id() -> None:
    known(1, 2)
    added = commands.add_friend(1, 2)
    commands.remove_friend(2, 1)
    assert queries.get_friendship(added.id) is None
    assert queries.friends_of(1) == []
    with pytest.raises(Problem, match="not friends"):
        commands.remove_friend(1, 2)
    again = commands.add_friend(2, 1)
    assert (again.id, again.version) == (added.id, 3)
    assert [event.type for event in StoredEvent.objects.order_by("version")] == [
        "FRIEND_ADDED",
        "FRIEND_REMOVED",
        "FRIEND_ADDED",
    ]


def test_friends_are_listed_by_their_ids_from_both_directions_and_in_pages() -> None:
    known(*range(1, 8))
    for friend in (7, 2, 5):
        commands.add_friend(4, friend)
    commands.add_friend(1, 4)
    commands.add_friend(2, 3)

    def others(**page: int) -> list[int]:
        found = queries.friends_of(4, **page)
        return [one.friend_id if one.user_id == 4 else one.user_id for one in found]

    assert others() == [1, 2, 5, 7]
    assert others(after=1, limit=2) == [2, 5]
    assert others(after=7) == []
