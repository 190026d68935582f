"""Asks a Kafka broker, in Kafka's own protocol, whether it is at work: no client library starts threads for that."""

import socket
import struct

METADATA, VERSION, CORRELATION = 3, 1, 7
# `topics` as an empty array: none; null would ask for all.
REQUEST = struct.pack(">hhih", METADATA, VERSION, CORRELATION, -1) + struct.pack(">i", 0)
SECONDS = 5.0


def brokers(port: int) -> int:
    """How many brokers the cluster at 127.0.0.1:port counts in its metadata; 0 when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(REQUEST)) + REQUEST)
            size = struct.unpack(">i", _exactly(connection, 4))[0]
            correlation, count = struct.unpack(">ii", _exactly(connection, size)[:8])
    except (OSError, struct.error):
        return 0
    return int(count) if correlation == CORRELATION else 0


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = connection.recv(size - len(received))
        if not more:
            raise ConnectionResetError
        received += more
    return received
