"""One connection to an instance: a lean HTTP/1.1 client on httptools, one request at a time."""

import asyncio
from collections import deque
from typing import cast

import httptools

from gateway.headers import Headers

# So many bytes may wait for a slow client before the instance is read no further (until all of them are taken).
HIGH_WATER = 262_144
LARGEST_HEAD = 65_536
_NO_BODY = frozenset({204, 304})


class UpstreamError(Exception):
    """The instance did not answer as it should."""


class NoConnection(UpstreamError):
    """It refuses connections, or does not take them in time: nothing was sent."""


class TooBusy(UpstreamError):
    """It has as many requests as it may have, and did not get through with one in time: nothing was sent."""


class ConnectionLost(UpstreamError):
    """It closed the connection before it had said everything. `unread`: before it had said anything, on a connection
    that was kept from an earlier request, which is how one ends that was just being closed for its idleness."""

    def __init__(self, message: str, *, unread: bool) -> None:
        super().__init__(message)
        self.unread = unread


class BrokenAnswer(UpstreamError):
    """What it sent is not HTTP, or ambiguous."""


class TooSlow(UpstreamError):
    """It did not answer in time."""


class Connection(asyncio.Protocol):
    """Speaks to one instance. For each request: `send` the head (and `drain` what follows), `answer`, `piece`s."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._closed = False
        self._kept = False
        self.idle_since = 0.0
        # Whether what it carries is the one request that a half-open breaker let through.
        self.probes = False
        self._forget()

    def _forget(self) -> None:
        self.status = 0
        self.headers: Headers = []
        self._pieces: deque[bytes] = deque()
        self._buffered = 0
        self._heard = 0
        self._head_only = False
        self._headed = False
        self.complete = False
        self._until_closed = False
        self._reusable = False
        self._error: Exception | None = None

    # What the proxy calls

    def send(self, head: bytes, *, head_only: bool = False) -> None:
        """Begin a request with these bytes. `head_only`: the answer will have no body (HEAD)."""
        self._forget()
        self._kept = self._parser is not None
        self._head_only = head_only
        # A parser for each answer: nothing of the last one can reach into the next.
        self._parser = httptools.HttpResponseParser(self)
        self.write(head)

    def write(self, data: bytes) -> None:
        """More of the request's body, framed. After the connection is lost it goes nowhere; `answer` will say so."""
        if self._transport is not None and not self._closed:
            self._transport.write(data)

    async def drain(self, seconds: float) -> None:
        """Wait until the instance has taken enough of what was written. Raises TooSlow."""
        if self._writable is None:
            return
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._writable)
        except TimeoutError:
            raise TooSlow("It does not take the request's body.") from None

    def expect(self, seconds: float) -> None:
        """The request is sent: from now on the answer has so many seconds to begin, else it fails with TooSlow."""
        if not self._headed and self._error is None:
            self._arm(seconds)

    async def answer(self) -> None:
        """Wait for the answer's head: then `status` and `headers` are there. Raises UpstreamError, or what it was
        failed with."""
        if not self._headed and self._error is None:
            await self._wait()
        self._disarm()
        if self._error is not None:
            raise self._error

    async def piece(self, seconds: float | None) -> bytes:
        """The next bytes of the body, all that are there; they were the last where it is `complete` now.

        `seconds` is the longest silence, None for endless streams. Raises UpstreamError, or what it was failed with.
        """
        while not self._pieces and not self.complete:
            if self._error is not None:
                raise self._error
            if seconds is not None:
                self._arm(seconds)
            await self._wait()
            self._disarm()
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._buffered = 0
        if self._paused and self._transport is not None and not self._closed:
            self._paused = False
            self._transport.resume_reading()
        return data

    def fail(self, error: Exception) -> None:
        """Give up what is under way: who waits for the answer gets `error`, the connection is closed."""
        if self._error is None and not self.complete:
            self._error = error
        self._wake()
        self.close()

    @property
    def reusable(self) -> bool:
        """Whether another request may go over this connection."""
        idle = not self._paused and self._writable is None
        return self.complete and self._reusable and idle and not self._closed

    @property
    def closed(self) -> bool:
        """Whether it is gone."""
        return self._closed

    def close(self) -> None:
        """Close it at once; what is under way is cancelled with it."""
        self._closed = True
        self._disarm()
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        # Who waits goes on in the loop's next turn; where this process was held up, the timer is due in this one.
        self._disarm()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self._loop.call_later(seconds, self.fail, TooSlow("It does not answer in time."))

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The instance has taken the connection."""
        # uvloop's transports do not say that they are asyncio.Transport.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer."""
        if self._parser is None or self.complete:
            # Nobody asked: it would be read as the next request's answer.
            self.close()
            return
        self._heard += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._reusable = False
            self.fail(BrokenAnswer(f"Its answer is not HTTP: {error}"))
            return
        if not self._headed and self._heard > LARGEST_HEAD:
            self.fail(BrokenAnswer("The head of its answer is too large."))

    def eof_received(self) -> bool:
        """It will say no more: the transport closes itself, which `connection_lost` hears of."""
        if self._parser is None or self.complete:
            # Idle: nobody may be given it in the meantime.
            self.close()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._closed = True
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        if self._parser is None or self.complete:
            return
        if self._until_closed and self._headed and exc is None and self._error is None:
            self.complete = True
        elif self._error is None:
            said = f"It closed the connection in the middle{f': {exc}' if exc else ''}."
            self._error = ConnectionLost(said, unread=self._kept and self._heard == 0)
        self._wake()

    def pause_writing(self) -> None:
        """The instance does not read as fast as the client sends."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # What the parser calls: https://github.com/MagicStack/httptools

    def on_message_begin(self) -> None:
        """An answer begins: the one asked for, a 1xx before it, or one that nobody asked for."""
        if self.complete:
            self._reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if not self.complete and not self._headed:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is there: of the answer, or of an interim one (1xx), which ends here."""
        if self.complete or self._parser is None:
            return
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return
        self._headed = True
        self._reusable = self._parser.should_keep_alive()
        self._judge_framing()
        self._wake()

    def _judge_framing(self) -> None:
        codings = [value.strip().lower() for name, value in self.headers if name == b"transfer-encoding"]
        lengths = [value for name, value in self.headers if name == b"content-length"]
        if codings not in ([], [b"chunked"]) or len(lengths) > 1 or (codings and lengths):
            self._error = BrokenAnswer("The length of its answer is ambiguous.")
            self._reusable = False
        elif self._head_only or self.status in _NO_BODY:
            self.complete = True
        else:
            self._until_closed = not codings and not lengths

    def on_body(self, body: bytes) -> None:
        """Bytes of the body."""
        if self.complete:
            # A body where there must be none: not passed on, and nothing more is asked of this connection.
            self._reusable = False
            return
        self._pieces.append(body)
        self._buffered += len(body)
        if self._buffered > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        """The answer's end, or that of an interim one."""
        if not self._headed:
            self.headers = []
            return
        self.complete = True
        self._wake()
