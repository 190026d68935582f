"""A Maven repository on this machine that can be as unreliable as a test wants it."""

import hashlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TEMPLATE = """[[dependencies]]
groupId = "org.example"
artifactId = "{name}"
version = "1"
packaging = "jar"
sha256 = "{sum}"
"""


def content(name: str) -> bytes:
    """What the jar of this name holds."""
    return name.encode() * 1000


def lock(path: Path, *names: str) -> None:
    """Writes a lock file that names these jars."""
    path.write_text("".join(TEMPLATE.format(name=one, sum=hashlib.sha256(content(one)).hexdigest()) for one in names))


class Repository(ThreadingHTTPServer):
    """Serves every jar that is asked for; counts, and fails where it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()
        # How often each jar still comes cut off, changed, or not at all.
        self.cut: Counter[str] = Counter()
        self.changed: Counter[str] = Counter()
        self.missing: Counter[str] = Counter()
        # Set: answers are sent. Cleared: they wait.
        self.open = threading.Event()
        self.open.set()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Answers with a jar."""

    server: Repository

    def do_GET(self) -> None:
        """One file."""
        file = Path(self.path).name
        if not file.endswith(".jar"):
            self.send_error(404)
            return
        name = file.removesuffix("-1.jar")
        self.server.asked[name] += 1
        self.server.open.wait(20)
        if self._due(self.server.missing, name):
            self.send_error(404)
            return
        body = content(name)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self._due(self.server.cut, name):
            body = body[: len(body) // 2]
        if self._due(self.server.changed, name):
            body = body.swapcase()
        self.wfile.write(body)

    def _due(self, failures: "Counter[str]", name: str) -> bool:
        failures[name] -= 1
        return failures[name] >= 0

    def log_message(self, *args: object) -> None:
        """Nothing: the test's output is for the test."""
