"""A request's body on its way from the client to an instance."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gateway.headers import Incoming
from gateway.upstream import Connection, UpstreamError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):
    """The client left, or was silent for too long, before it had sent its whole request."""


# What is kept of a body to send it again: more than any command of ours needs, little enough for many at a time.
KEPT_BYTES = 65_536


class Body:
    """The body that `receive` gives: its opening goes out with the request's head, the rest as it comes.

    `keep`: what has come is kept, up to KEPT_BYTES, so that the request can be sent again.
    """

    def __init__(self, incoming: Incoming, receive: Receive, *, keep: bool = False) -> None:
        self._chunked, self._receive = incoming.chunked, receive
        self._kept: bytearray | None = bytearray() if keep else None
        self._first, self._more = b"", incoming.has_body
        self._flowing = False

    async def begin(self) -> None:
        """Take the first of it, mostly everything; a client that waits for a 100 (Continue) is told to go on.

        Raises ClientGone.
        """
        if self._more:
            self._first, self._more = await self._next()

    @property
    def whole(self) -> bool:
        """Whether nothing follows the opening."""
        return not self._more and not self._flowing

    @property
    def kept(self) -> bool:
        """Whether all of it has come, and is still there."""
        return self._kept is not None and not self._more

    def rewind(self) -> None:
        """Begin again with what is `kept`, all of which is the opening then, or with the `whole` opening."""
        if self._kept is not None:
            self._first, self._flowing = bytes(self._kept), False

    def opening(self) -> bytes:
        """Its begin, framed."""
        return self._framed(self._first, last=not self._more)

    async def flow(self, connection: Connection, seconds: float) -> None:
        """Send the rest as it comes, and then expect an answer. What goes wrong fails the connection."""
        self._flowing = True
        try:
            while self._more:
                data, self._more = await self._next()
                connection.write(self._framed(data, last=not self._more))
                await connection.drain(seconds)
        except (ClientGone, UpstreamError) as error:
            connection.fail(error)
        else:
            connection.expect(seconds)

    async def _next(self) -> tuple[bytes, bool]:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone("The request's body did not come.")
        data: bytes = message.get("body", b"")
        if self._kept is not None:
            self._kept += data
            if len(self._kept) > KEPT_BYTES:
                self._kept = None
        return data, message.get("more_body", False)

    def _framed(self, data: bytes, *, last: bool) -> bytes:
        if not self._chunked:
            return data
        chunk = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        return chunk + b"0\r\n\r\n" if last else chunk
