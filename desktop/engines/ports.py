"""TCP ports on 127.0.0.1: given, or chosen free and remembered, so that addresses stay the same between runs."""

import errno
import random
import socket
from pathlib import Path

from desktop.engines.errors import EngineError

# Below the range from which systems take the ports of outgoing connections: those come and go by the thousand.
CHOICE = range(20_000, 32_000)
TRIES = 50


def free(port: int) -> bool:
    """Whether a server could listen on the port now. Raises EngineError where this user may not."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        if error.errno == errno.EACCES:
            raise EngineError(f"Port {port} is for root only. Choose one above 1023.") from error
        return False
    return True


def choose() -> int:
    """A port that is free now."""
    for port in random.sample(CHOICE, TRIES):
        if free(port):
            return port
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])


def remembered(file: Path, preferred: int | None = None) -> int:
    """The port written in `file` if it is free; otherwise `preferred` if that is, or a new one, written there."""
    for port in (_read(file), preferred):
        if port is not None and free(port):
            break
    else:
        port = choose()
    file.write_text(f"{port}\n")
    return port


def _read(file: Path) -> int | None:
    try:
        port = int(file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return port if 1023 < port < 65536 else None
