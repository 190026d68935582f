"""The backend: `ENGINE = "config.postgresql"`."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Kept connections are checked before each request, as Django's are, but without asking the server.

    Django sends `SELECT 1`, which doubles the round trips of a short read. A connection that rests has nothing to
    receive; when its socket is readable, the server has said goodbye (a restart, an administrator's command).
    A peer that vanished without a word is found by TCP keepalives instead.
    """

    def is_usable(self) -> bool:
        """Whether the connection can still be used."""
        if self.connection is None or self.connection.closed:
            return False
        poller = select.poll()
        poller.register(self.connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poller.poll(0)
