"""The client of a request under way."""

import socket

from django.http import HttpRequest


def gone(request: HttpRequest) -> bool:
    """Whether the client has closed its connection, so that nobody waits for the answer; False where one cannot tell.

    It looks without taking: what the client may have sent for its next request stays where it is.
    """
    connection: socket.socket | None = request.META.get("gunicorn.socket")
    if connection is None:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
