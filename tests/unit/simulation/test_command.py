"""What can be known before the first request is said in a sentence."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from simulation.command import Unanswered, check, main


@contextmanager
def answering(status: int, kind: str) -> Iterator[str]:
    """A server that always gives one answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 -- the base's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_no_gateway_is_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    host = f"http://127.0.0.1:{free_port()}"
    assert main(["--host", host, "--report", str(tmp_path / "load.html")]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"No gateway answers at {host} (")
    assert "make up" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "load.html").exists()


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (401, "application/problem+json", "wants a token"),
        (503, "application/problem+json", "its services are not up"),
        (404, "text/html", "is not a gateway of this system"),
    ],
)
def test_a_gateway_that_cannot_be_used_is_a_sentence(status: int, kind: str, sentence: str) -> None:
    with answering(status, kind) as host, pytest.raises(Unanswered, match=sentence):
        check(host, {})


@pytest.mark.parametrize("host", ["localhost:9000", "ftp://there", "http://"])
def test_what_is_no_address_is_said(host: str) -> None:
    with pytest.raises(Unanswered, match="is no address"):
        check(host, {})


def test_more_ties_than_pairs_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--users", "3", "--ties", "9"]) == 1
    assert "3 people can have 0 to 3 ties" in capsys.readouterr().err
