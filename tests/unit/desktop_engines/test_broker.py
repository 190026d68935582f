"""The question to a broker, asked of one in ten lines."""

import socket
import struct
import threading

import pytest

from desktop.engines import broker, ports


def answering(answer: bytes) -> int:
    """A port where the first client gets this answer."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server, server.accept()[0] as client:
            client.recv(1024)
            client.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


def framed(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (framed(struct.pack(">ii", broker.CORRELATION, 1) + b"whatever else"), 1),
        (framed(struct.pack(">ii", broker.CORRELATION, 0)), 0),
        (framed(struct.pack(">ii", 99, 1)), 0),
        (framed(b"ab"), 0),
        (b"\x00\x00", 0),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", 0),
    ],
    ids=["one", "none yet", "another's answer", "too short", "cut off", "no broker"],
)
def test_brokers_are_counted(answer: bytes, count: int) -> None:
    assert broker.brokers(answering(answer)) == count


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert broker.brokers(ports.choose()) == 0
