"""Instances of services, and the connections that are kept open to each."""

import asyncio
from collections import deque
from contextlib import suppress

from gateway.breaker import Breaker
from gateway.upstream import Connection, NoConnection, TooBusy, TooSlow

CONNECT_SECONDS = 2.0
# Shorter than any server's own (uvicorn 5 s, Tomcat 20 s, gunicorn here 75 s): the gateway closes first, so that a
# request seldom meets a connection that its instance is just closing.
IDLE_SECONDS = 4.0


class Upstream:
    """One instance at `host`:`port`: its connections, at most `limit` at a time, and how many are at work."""

    def __init__(self, host: str, port: int, *, limit: int) -> None:
        self.host, self.port, self._limit = host, port, limit
        self.authority = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}").encode()
        self.outstanding = 0
        self._idle: deque[Connection] = deque()
        self._queue: deque[asyncio.Future[None]] = deque()
        self.breaker = Breaker()
        self.retired = False

    def __repr__(self) -> str:
        return f"Upstream({self.authority.decode()})"

    async def acquire(self, seconds: float, *, fresh: bool = False) -> Connection:
        """A connection for one request, to be given back by `release`. `fresh`: one that was never used.

        Waits up to `seconds` while all are at work. Raises NoConnection, TooBusy, TooSlow.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        probes = self.breaker.begin(now)
        try:
            if self.outstanding >= self._limit:
                await self._turn(loop, seconds)
            else:
                self.outstanding += 1
            connection = (None if fresh else self._kept(now)) or await self._connected(loop, seconds)
        except BaseException:
            if probes:
                self.breaker.left()
            raise
        connection.probes = probes
        return connection

    def _kept(self, now: float) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed and now - connection.idle_since < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    async def _connected(self, loop: asyncio.AbstractEventLoop, seconds: float) -> Connection:
        try:
            return await self._connect(loop, min(seconds, CONNECT_SECONDS))
        except BaseException:
            self._leave()
            raise

    def release(self, connection: Connection) -> None:
        """The request is over: the connection is kept where it may be used again, else closed."""
        if connection.reusable and not self.retired:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        else:
            connection.close()
        if connection.probes:
            self.breaker.left()
        self._leave()

    async def _connect(self, loop: asyncio.AbstractEventLoop, seconds: float) -> Connection:
        try:
            async with asyncio.timeout(seconds):
                _, connection = await loop.create_connection(lambda: Connection(loop), self.host, self.port)
        except (OSError, TimeoutError, UnicodeError) as error:
            if isinstance(error, TimeoutError) and seconds * 2 < CONNECT_SECONDS:
                # The client's time is over, which says nothing about the instance.
                raise TooSlow(f"{self!r} took no connection in the time that was left.") from error
            self.breaker.refused(loop.time())
            raise NoConnection(f"{self!r} takes no connections: {error or type(error).__name__}") from error
        return connection

    async def _turn(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Wait in the queue until a request that ends hands its place over."""
        if len(self._queue) >= self._limit:
            raise TooBusy("Too many requests wait for it.")
        turn = loop.create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as error:
            with suppress(ValueError):
                self._queue.remove(turn)
            if turn.done() and not turn.cancelled():
                self._leave()
            if isinstance(error, TimeoutError):
                raise TooBusy("All its connections are at work.") from None
            raise

    def _leave(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.outstanding -= 1

    @property
    def idle(self) -> int:
        """How many connections are kept for later."""
        return len(self._idle)

    def sweep(self, now: float) -> None:
        """Close what was idle for too long. `now` is the loop's time."""
        while self._idle and (self._idle[0].closed or now - self._idle[0].idle_since >= IDLE_SECONDS):
            self._idle.popleft().close()

    def retire(self) -> None:
        """It is not listed any more: what is under way goes on, nothing is kept."""
        self.retired = True
        while self._idle:
            self._idle.pop().close()
