"""The load asks again until it knows, under the same key, and writes everything down before and after."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from chaos.account import ledger as account
from chaos.ledger import Ledger
from chaos.load import Load


class Gateway(BaseHTTPRequestHandler):
    """Answers every command the third time that it is asked; before, it says 503 or says nothing."""

    protocol_version = "HTTP/1.1"
    asked: Counter[str] = Counter()  # noqa: RUF012 -- emptied by the fixture
    users: dict[str, int] = {}  # noqa: RUF012 -- as above
    lock = threading.Lock()

    def _command(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.headers["Idempotency-Key"]
        with self.lock:
            self.asked[key] += 1
            times, user = self.asked[key], self.users.setdefault(key, len(self.users) + 1)
        if times == 1:
            self.close_connection = True
        elif times == 2:
            self._answer(503, {})
        elif self.command == "POST" and self.path == "/user/v1/users":
            self._answer(201, {"id": user})
        else:
            self._answer(404, {})

    do_POST = do_PUT = _command

    def do_GET(self) -> None:
        """A read."""
        self._answer(200, [])

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """A gateway."""
    Gateway.asked, Gateway.users = Counter(), {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_every_outcome_is_known_in_the_end_and_every_attempt_is_in_the_ledger(url: str, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    load = Load(url, url, ledger, seed=3)
    load.start()
    while load.accepted < 12:
        time.sleep(0.01)
    assert load.stop(30)
    before = dict(Gateway.asked)
    ledger.write("calm", kind="")
    load.ask_doubtful_again()
    ledger.close()
    with (tmp_path / "ledger.jsonl").open() as lines:
        kept = account.read(lines)
    assert len(kept.accepted) == load.accepted
    assert all(kept.settled(request) for request in kept.requests.values())
    assert all(len(request.attempts) >= 3 for request in kept.requests.values())
    # Who was refused after an attempt without an answer was asked for once more; who was accepted was not.
    again = {key for key, times in Gateway.asked.items() if times > before[key]}
    assert again == {f"chaos-{one.number}" for one in kept.requests.values() if not one.accepted}
    assert load.in_flight() == 0
