"""Whose friendships somebody may begin and end, decided in the service itself."""

import socket
import threading

import pytest

from eventsourcing.models import StoredEvent
from friends.models import KnownUser
from service import registration
from service.identity.signature import HEADER, Identity, Keys
from tests.support.identity import ADMIN, KEY, As, user

pytestmark = pytest.mark.django_db(transaction=True)
ADD, REMOVE = (f"/v1/users/1/commands/{name}Friend?friendId=2" for name in ("add", "remove"))


@pytest.fixture(autouse=True)
def _signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_KEYS", KEY)
    for number in (1, 2, 3):
        KnownUser.objects.create(user_id=number, version=1, deleted=False)


@pytest.mark.parametrize(
    "who", [user(2), user(3), user(11), Identity(actor="service:x", scopes=frozenset({"service"}))]
)
def test_nobody_else_begins_or_ends_ones_friendships(who: Identity) -> None:
    """Not even whom it is about: a command is of the user in its path."""
    assert As(who)("POST", ADD).status_code == 403
    assert As(user(1))("POST", ADD).status_code == 201
    assert As(who)("POST", REMOVE).status_code == 403
    assert StoredEvent.objects.count() == 1


@pytest.mark.parametrize("who", [user(1), ADMIN])
def test_one_does_so_oneself_or_an_admin_does(who: Identity) -> None:
    assert As(who)("POST", ADD).status_code == 201
    assert As(who)("POST", REMOVE).status_code == 204
    assert {event.metadata["actor"] for event in StoredEvent.objects.all()} == {who.actor}


def test_a_friendships_history_is_for_the_two_of_them() -> None:
    number = As(user(1))("POST", ADD).json()["id"]
    found = {who.actor: As(who)("GET", f"/v1/friends/{number}/history").status_code for who in map(user, (1, 2, 3))}
    assert found == {"user:1": 200, "user:2": 200, "user:3": 403}
    assert As(user(3))("GET", f"/v1/friends/{number}").status_code == 200
    assert As(user(3))("GET", "/v1/users/1/friends").status_code == 200


def test_users_are_asked_about_in_our_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed: the users service would answer nobody else."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("REGISTRY_URL", "")
    monkeypatch.setenv("USER_SERVICE_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
    registration.directory.cache_clear()

    def answer() -> None:
        peer, _ = listener.accept()
        with peer:
            heard.append(peer.recv(65_536))
            peer.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        assert As(user(1))("POST", "/v1/users/1/commands/addFriend?friendId=99").status_code == 404
    finally:
        thread.join(10)
        listener.close()
        registration.directory.cache_clear()
    fields = dict(line.split(b": ", 1) for line in heard[0].split(b"\r\n")[1:] if line)
    told = Keys([KEY]).verify(fields[HEADER.encode()].decode(), method="GET", target="/v1/users/99")
    assert told == Identity(actor="service:friends", scopes=frozenset({"service"}))
