"""An engine that is a piece of Python: quick to start, and as badly behaved as a test wants it."""

import os
import socket
import sys

from desktop.engines.server import Launch, Server

# Listens on the port and answers everybody who connects.
ANSWERING = """
import socket, sys
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listening.accept()
    connection.sendall(b"here")
    connection.close()
"""
# Answers, and takes no notice of SIGTERM.
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{ANSWERING}"


class StandIn(Server):
    """What every engine does, with a process that costs nothing."""

    name = "Stand-in"
    folder = "stand-in"
    seconds_to_stop = 1.0
    code = ANSWERING

    def prepare(self) -> None:
        """It has no data."""

    def launch(self) -> Launch:
        command = [sys.executable, "-c", self.code, str(self.port), str(self.other_port("second"))]
        return Launch(command=command, environment=dict(os.environ), folder=self.data)

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port or 0), 1) as connection:
                return connection.recv(4) == b"here"
        except OSError:
            return False

    def environment(self) -> dict[str, str]:
        return {"STAND_IN": f"127.0.0.1:{self.port}"}

    def version(self) -> str:
        return "1"
