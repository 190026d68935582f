"""A users service that breaks in every way while it is asked: the answer is 503, in bounded time and memory, and
nothing is kept of what it said."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from eventsourcing.models import StoredEvent
from friends import commands, directory
from friends.models import KnownUser
from service import registration
from service.problems import Problem

pytestmark = pytest.mark.django_db(transaction=True)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
Talk = Callable[[socket.socket], None]


def says(*pieces: bytes) -> Talk:
    """Send this and hang up."""

    def talk(peer: socket.socket) -> None:
        for piece in pieces:
            peer.sendall(piece)

    return talk


def for_ever(piece: bytes, begin: bytes = b"") -> Talk:
    """Send this again and again until nobody listens any more."""

    def talk(peer: socket.socket) -> None:
        peer.sendall(begin)
        with suppress(OSError):
            while True:
                peer.sendall(piece)

    return talk


TALKS: dict[str, Talk] = {
    "dies before a word": says(),
    "dies in its first line": says(b"HTTP/1.1 2"),
    "dies in its headers": says(HEAD),
    "dies in its body": says(HEAD, b"Content-Length: 900\r\n\r\n", b'{"id": 2'),
    "dies in its body's chunks": says(HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b'9\r\n{"id": 2'),
    "another protocol": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "no status": says(b"HTTP/1.1 many OK\r\n\r\n"),
    "no JSON": says(HEAD, b"\r\n<html>"),
    "bytes that are no text": says(HEAD, b"\r\n\xff\xfe\xfd"),
    "a length that is none": says(HEAD, b"Content-Length: many\r\n\r\n{}"),
    "chunks that are none": says(HEAD, b"Transfer-Encoding: chunked\r\n\r\nlots\r\n{}"),
    "nesting without end": says(HEAD, b"\r\n", b"[" * 60_000),
    "somebody else": says(HEAD, b"\r\n", b'{"id": 3}'),
    "a list": says(HEAD, b"\r\n", b"[2]"),
    "moved": says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"),
    "a body without end": for_ever(b" " * 65_536, HEAD + b"\r\n"),
    "chunks without end": for_ever(b"400\r\n" + b" " * 1024 + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
    "headers without end": for_ever(b"X-More: x\r\n" * 100, HEAD),
    "a header line without end": for_ever(b"x" * 65_536, HEAD + b"X-Long: "),
}


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """A users service that talks so to whoever asks, and hangs up."""
    talk: Talk = TALKS[request.param]
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("REGISTRY_URL", "")
    monkeypatch.setenv("USER_SERVICE_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
    registration.directory.cache_clear()

    def serve() -> None:
        with suppress(OSError):
            while True:
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65_536)
                    talk(peer)
                    with suppress(OSError):
                        peer.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=10)
    registration.directory.cache_clear()


@pytest.mark.parametrize("users", TALKS, indirect=True)
def test_a_users_service_that_breaks_is_not_a_no_and_nothing_is_kept(users: None) -> None:
    KnownUser.objects.create(user_id=1, version=1)
    with pytest.raises(Problem) as caught:
        commands.add_friend(1, 2)
    assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "1")
    assert list(KnownUser.objects.values_list("user_id", flat=True)) == [1]
    assert not StoredEvent.objects.exists()


def test_one_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes before the socket's own time is over; the answer as a whole does not."""
    monkeypatch.setattr(directory, "TIMEOUT_SECONDS", 0.3)
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("REGISTRY_URL", "")
    monkeypatch.setenv("USER_SERVICE_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
    registration.directory.cache_clear()

    def trickle() -> None:
        peer, _ = listener.accept()
        with peer, suppress(OSError):
            peer.sendall(HEAD + b"\r\n")
            while not stop.wait(0.1):
                peer.sendall(b" ")

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    try:
        with pytest.raises(Problem) as caught:
            commands.add_friend(1, 2)
        assert caught.value.status == 503
    finally:
        stop.set()
        thread.join(timeout=10)
        listener.close()
        registration.directory.cache_clear()
