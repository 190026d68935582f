"""Whether the client of a request is still there."""

import socket
from collections.abc import Iterator

import pytest
from django.http import HttpRequest

from service import client


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The client's end of a connection, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
        with one, other:
            yield one, other


def request(connection: socket.socket | None) -> HttpRequest:
    found = HttpRequest()
    if connection is not None:
        found.META["gunicorn.socket"] = connection
    return found


def test_who_waits_is_there(ends: tuple[socket.socket, socket.socket]) -> None:
    assert not client.gone(request(ends[1]))
    ends[0].sendall(b"GET /next")
    assert not client.gone(request(ends[1]))
    assert ends[1].recv(100) == b"GET /next", "what was sent for the next request stays"


def test_who_has_left_is_not(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].close()
    ends[1].settimeout(5)
    assert ends[1].recv(1) == b""
    assert client.gone(request(ends[1]))
    ends[1].close()
    assert client.gone(request(ends[1]))


def test_where_one_cannot_tell_the_client_is_there() -> None:
    assert not client.gone(request(None))
