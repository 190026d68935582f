"""Runs Netflix's own Java client against a registry, and writes down what both say: `recording.json`, which tests
replay. Needs JDK 17 or newer and Maven; and a registry that nobody else is registered at:

    ./manage.py up --detach --data /tmp/recording
    .venv/bin/python -m tests.integration.registry.netflix.record http://127.0.0.1:8761
"""

import http.client
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).parent
RECORDING = HERE / "recording.json"
# XStream looks into Java's own classes.
OPENED = ("java.util", "java.lang", "java.text")
# What says how a body is to be read, and who sends it.
TOLD = ("Accept", "Content-Type", "User-Agent", "DiscoveryIdentity-Name", "DiscoveryIdentity-Version")


class Recorder(ThreadingHTTPServer):
    """Passes requests on to the registry, and keeps them with their answers, in the order in which they came."""

    def __init__(self, registry: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.registry = urlsplit(registry).netloc
        self.calls: list[dict[str, Any]] = []
        self.lock = Lock()


class Handler(BaseHTTPRequestHandler):
    """One request. Plain answers are asked for: what is written down shall be readable."""

    server: Recorder
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self._body()
        headers = {name: self.headers[name] for name in TOLD if self.headers.get(name)}
        with self.server.lock:
            connection = http.client.HTTPConnection(self.server.registry, timeout=30)
            connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            answer, kind = response.read(), response.headers.get("Content-Type", "")
            connection.close()
            self.server.calls.append(
                {
                    "method": self.command,
                    "path": self.path,
                    "headers": headers,
                    "body": body.decode(),
                    "status": response.status,
                    "type": kind,
                    "answer": answer.decode(),
                }
            )
        self.send_response(response.status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(answer)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def _body(self) -> bytes:
        """Whole, also where it comes in chunks (RFC 9112, 7.1)."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Say nothing."""


@contextmanager
def recording(registry: str) -> Iterator[Recorder]:
    """A recorder before the registry, until the block ends."""
    with Recorder(registry) as recorder:
        Thread(target=recorder.serve_forever, daemon=True).start()
        yield recorder
        recorder.shutdown()


def run(url: str, work: Path) -> None:
    """Fetch and compile the client, and run it. Raises CalledProcessError where it does not understand an answer."""
    jars = f"{work}/jars/*"
    subprocess.run(
        ["mvn", "-q", "-B", "-f", HERE / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={work}/jars"],
        check=True,
    )
    subprocess.run(["javac", "-cp", jars, "-d", work, HERE / "NetflixClient.java"], check=True)
    opened = [part for name in OPENED for part in ("--add-opens", f"java.base/{name}=ALL-UNNAMED")]
    subprocess.run(["java", *opened, "-cp", f"{work}:{jars}", "NetflixClient", f"{url}/eureka/v2/"], check=True)


def main(registry: str) -> None:
    """Record."""
    with tempfile.TemporaryDirectory() as work, recording(registry) as recorder:
        calls = recorder.calls
        try:
            run(f"http://127.0.0.1:{recorder.server_port}", Path(work))
        except subprocess.CalledProcessError as error:
            sys.exit(f"{error}\nThe last call:\n{json.dumps(calls[-1:], indent=1)}")
    origin = "com.netflix.eureka:eureka-client:1.10.18, run by NetflixClient.java through record.py"
    RECORDING.write_text(json.dumps({"origin": origin, "calls": calls}, indent=1, ensure_ascii=False) + "\n")
    sys.stdout.write(f"{len(calls)} calls recorded in {RECORDING}\n")


if __name__ == "__main__":
    main(sys.argv[1])
