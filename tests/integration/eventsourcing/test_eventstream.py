"""The feed as a stream: it goes on where it was left, few are open at a time, none holds up anything for long."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.test import RequestFactory

from eventsourcing import eventstream
from eventsourcing.feed import Filter, OutboxFeed
from eventsourcing.models import OutboxEntry
from service import lifetime
from tests.integration.eventsourcing.conftest import SteppedRelay, append
from tests.support.client import Client
from tests.support.eventstreams import Follower
from tests.support.feeds import told, walk
from tests.support.tables import execute
from tests.support.waiting import eventually, until
from tests.support.webserver import BASE, WebServer, environment, serving

pytestmark = pytest.mark.django_db(transaction=True)
SLOTS = 2


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[WebServer]:
    """A users service that may have two streams open, and has one thread more."""
    with serving("users", tmp_path, WEB_THREADS=str(SLOTS + 1), FEED_STREAMS="8") as started:
        yield started


def test_it_tells_what_was_and_then_what_happens(web: WebServer, relay: SteppedRelay) -> None:
    append(1)
    relay.drain()
    with closing(Follower(web.url)) as follower:
        assert follower.response.headers["Content-Type"] == "text/event-stream"
        assert follower.response.headers["Cache-Control"] == "no-store"
        assert follower.line() == "retry: 1000"
        assert told([follower.event()]) == [("user-1", 1)]
        for number in (2, 3):
            append(number)
            relay.drain()
            assert told([follower.event()]) == [(f"user-{number}", 1)]


def test_it_goes_on_behind_the_last_id(web: WebServer, relay: SteppedRelay) -> None:
    for number in range(1, 8):
        append(number)
    relay.drain()
    whole = walk()
    with closing(Follower(web.url)) as first:
        read = first.events(3)
    with closing(Follower(web.url, "/v1/events?cursor=0&type=USER_CREATED", last=first.last)) as second:
        assert [*read, *second.events(4)] == whole


def test_where_nothing_happens_it_says_that_it_lives(web: WebServer) -> None:
    with closing(Follower(web.url)) as follower:
        lines = [follower.line() for _ in range(6)]
    assert lines == ["retry: 1000", "", ":", "", ":", ""]


def refused(web: WebServer) -> None:
    """Asserts that no further stream may be opened."""
    with closing(Follower(web.url)) as follower:
        assert follower.status == 503
        assert follower.response.headers["Retry-After"] == "5"
        assert follower.response.headers["Content-Type"] == "application/problem+json"


def opened(web: WebServer) -> None:
    """Asserts that a stream can be opened; it is left at once."""
    with closing(Follower(web.url)) as follower:
        assert follower.status == 200


def test_few_are_open_at_a_time_and_others_are_served_beside_them(web: WebServer) -> None:
    followers = [Follower(web.url) for _ in range(SLOTS)]
    refused(web)
    assert Client(web.url).get("/v1/events").status == 200
    for follower in followers:
        follower.close()
    # Whoever has left is noticed with the next sign of life.
    eventually(lambda: opened(web))


def test_a_refused_cursor_takes_no_place(web: WebServer) -> None:
    for _ in range(SLOTS + 1):
        answer = Client(web.url).get("/v1/events?cursor=x", headers={"Accept": "text/event-stream"})
        assert answer.status == 400
    opened(web)


LARGE = """
WITH made AS (
    INSERT INTO events (event_id, stream, version, type, schema_version, data, metadata, occurred_at)
    SELECT gen_random_uuid(), 'user-' || n, 1, 'USER_CREATED', 1, '{"id": 1}',
           '{"correlation_id": "r", "traceparent": "t"}', now()
    FROM generate_series(1, 300) AS n RETURNING position, stream, version, event_id
), outbox AS (
    INSERT INTO outbox (position, stream, version, shard, published_at, partition, "offset", sequence)
    SELECT position, stream, version, 0, now(), 0, position, row_number() OVER (ORDER BY position) FROM made
)
INSERT INTO personal SELECT event_id, json_build_object('firstName', repeat('x', 100000)) FROM made
"""


def test_a_client_that_reads_nothing_is_given_up(web: WebServer) -> None:
    execute(LARGE)
    followers = [Follower(web.url) for _ in range(SLOTS)]
    refused(web)
    eventually(lambda: opened(web), within=60)
    for follower in followers:
        follower.close()


def test_the_services_end_ends_it_in_order(web: WebServer) -> None:
    with closing(Follower(web.url)) as follower:
        assert follower.line() == "retry: 1000"
        web.process.send_signal(signal.SIGTERM)
        # Read to its end, not broken off: there http.client raises IncompleteRead.
        assert set(follower.response.read().decode()) <= {":", "\n"}
    assert web.process.wait(20) == 0


def test_it_does_not_live_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventstream, "LIFETIME_SECONDS", 0.0)
    assert list(eventstream.Stream(OutboxFeed(), "", Filter(), [])) == [eventstream.BEGIN]


def test_it_ends_with_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifetime, "_told", lambda: True)
    assert list(eventstream.Stream(OutboxFeed(), "", Filter(), [])) == [eventstream.BEGIN]


def test_a_stream_that_nobody_has_read_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(10):
        eventstream.response(RequestFactory().get("/v1/events"), OutboxFeed(), "", Filter()).close()


@pytest.mark.parametrize(
    ("accept", "method", "stream"),
    [
        ("text/event-stream", "get", True),
        ("text/html, text/event-stream;q=0.9", "get", True),
        ("*/*", "get", False),
        ("application/json", "get", False),
        ("text/event-stream", "head", False),
    ],
)
def test_a_stream_is_what_asks_for_one(accept: str, method: str, stream: bool) -> None:
    request = getattr(RequestFactory(), method)("/v1/events", headers={"Accept": accept})
    assert eventstream.wanted_by(request) == stream


class Relays:
    """A relay at a time, as a process, to be killed while it is at work."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._appended = folder, 0

    def start(self) -> "subprocess.Popen[bytes]":
        """Another one."""
        command = [sys.executable, "manage.py", "users", "relay"]
        variables = environment("users", self._folder)
        with (self._folder / "relay.log").open("ab") as log:
            return subprocess.Popen(command, cwd=BASE, env=variables, stdout=log, stderr=log)

    def append(self, count: int) -> int:
        """Append so many events; how many there are now."""
        for _ in range(count):
            self._appended += 1
            append(self._appended)
        return self._appended

    def killed_at_work(self) -> None:
        """One that is killed (SIGKILL) with events on their way."""
        relay, total = self.start(), self.append(20)
        until(lambda: OutboxEntry.objects.filter(sequence=total).exists())
        self.append(60)
        relay.kill()
        relay.wait(10)


def test_no_gap_and_no_repeat_while_relays_are_killed(web: WebServer, topic: str, tmp_path: Path) -> None:
    relays = Relays(tmp_path)
    with closing(Follower(web.url)) as follower:
        for _ in range(4):
            relays.killed_at_work()
        total = relays.append(1)
        last = relays.start()
        try:
            read = follower.events(total)
        finally:
            last.terminate()
            last.wait(20)
    assert [item["cursor"] for item in read] == [str(number) for number in range(1, total + 1)]
    assert sorted(told(read)) == sorted((f"user-{number}", 1) for number in range(1, total + 1))
    assert read == walk("?limit=500")
