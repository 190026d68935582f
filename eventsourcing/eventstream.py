"""The feed as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

A stream holds a thread of the web worker, so there are few at a time, none lives long, and each ends when the worker
does: the client comes again with the last id that it has, and goes on there. Each looks for itself: a look over an
index costs less than what would share it (docs/adr/0087).
"""

import logging
import random
import threading
import time
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import orjson
from django.db import Error as DatabaseError
from django.http import HttpRequest, StreamingHttpResponse

from config import environment
from eventsourcing.feed import Filter, Item, Source
from service import lifetime
from service.problems import Problem

logger = logging.getLogger(__name__)
BATCH = 100
LOOK_SECONDS = 0.25
KEEP_ALIVE_SECONDS = 3.0
LIFETIME_SECONDS = 300.0
# A client that takes nothing for so long is gone, or too slow.
SEND_SECONDS = 10.0
BEGIN = b"retry: 1000\n\n"
KEEP_ALIVE = b":\n\n"


@cache
def _slots() -> threading.BoundedSemaphore:
    """One for each stream that this process may have open; some thread is always left for other requests."""
    return threading.BoundedSemaphore(
        max(0, min(environment.integer("FEED_STREAMS"), environment.integer("WEB_THREADS") - 1))
    )


def wanted_by(request: HttpRequest) -> bool:
    """Whether the request asks for a stream instead of a page."""
    ranges = request.headers.get("Accept", "").split(",")
    return request.method == "GET" and any(one.partition(";")[0].strip() == "text/event-stream" for one in ranges)


def response(request: HttpRequest, source: Source, cursor: str, wanted: Filter) -> StreamingHttpResponse:
    """The items behind a cursor, and all that come while the stream lives.

    Raises Problem 503 where no more streams may be open; 400 and 410 for the cursor as the source does.
    """
    if not _slots().acquire(blocking=False):
        raise Problem(503, "As many streams as may be are open.", headers={"Retry-After": "5"})
    try:
        first = source.read(cursor, wanted, BATCH)
    except BaseException:
        _slots().release()
        raise
    _give_up_on_silence(request)
    answer = StreamingHttpResponse(Stream(source, cursor, wanted, first), content_type="text/event-stream")
    answer["Cache-Control"] = "no-store"
    # For proxies that would collect an answer before they pass it on.
    answer["X-Accel-Buffering"] = "no"
    return answer


def _give_up_on_silence(request: HttpRequest) -> None:
    """Without it, a client that does not read keeps the thread for as long as its connection stands."""
    socket = request.META.get("gunicorn.socket")
    if socket is not None:
        socket.settimeout(SEND_SECONDS)


def block(item: Item) -> bytes:
    """One item as an event of the stream: one line each for its id, its data, and the end."""
    return b"id: %b\ndata: %b\n\n" % (item.cursor.encode(), orjson.dumps(item.document))


class Stream:
    """The body of the answer. `close` gives the slot back, whether or not anything was read."""

    def __init__(self, source: Source, cursor: str, wanted: Filter, first: Sequence[Item]) -> None:
        self._source, self._cursor, self._wanted, self._first = source, cursor, wanted, first
        self._open = True
        # Streams that began together, behind a deployment, must not end together.
        self._end = time.monotonic() + LIFETIME_SECONDS * random.uniform(0.8, 1.0)  # noqa: S311 -- spreads, hides nothing

    def __iter__(self) -> Iterator[bytes]:
        """What is sent, piece by piece: each leaves at once."""
        yield BEGIN
        items, spoken = self._first, time.monotonic()
        while not lifetime.ending() and time.monotonic() < self._end:
            if items:
                self._cursor, spoken = items[-1].cursor, time.monotonic()
                yield b"".join(map(block, items))
            elif time.monotonic() - spoken > KEEP_ALIVE_SECONDS:
                spoken = time.monotonic()
                yield KEEP_ALIVE
            else:
                time.sleep(LOOK_SECONDS)
            try:
                items = self._source.read(self._cursor, self._wanted, BATCH)
            except (DatabaseError, Problem) as error:
                # The answer has begun: only its end can be told. The next request gets the reason.
                logger.warning("A stream of the feed ends: %s", error)
                return

    def close(self, *_: Any) -> None:
        """It is over."""
        if self._open:
            self._open = False
            _slots().release()
