"""Tells the relay that there is something to publish: NOTIFY on a connection of its own, after the commit.

NOTIFY inside a command's transaction would take a lock of the whole server at its commit and line up every commit
behind it. Here at most one NOTIFY per process is under way, whatever the number of commands; a lost one costs no more
than the relay's next look.
"""

import logging
import threading
from contextlib import closing

import psycopg2
from django.db import connection

from eventsourcing import direct

logger = logging.getLogger(__name__)
CHANNEL = "outbox"


class Announcer(threading.Thread):
    """Sends `NOTIFY channel` whenever it was asked to since it last did."""

    def __init__(self, channel: str) -> None:
        super().__init__(name=f"notify-{channel}", daemon=True)
        self._channel = channel
        self._asked = threading.Event()

    def ask(self) -> None:
        """Have it notify soon."""
        self._asked.set()

    def run(self) -> None:
        """Serve until the process ends."""
        while True:
            try:
                self._serve()
            except psycopg2.Error as error:
                logger.info("No NOTIFY for now, the relay looks by itself: %s", error)
                threading.Event().wait(1.0)

    def _serve(self) -> None:
        with closing(direct.connect(f"notify {self._channel}")) as side, side.cursor() as cursor:
            while True:
                self._asked.wait()
                self._asked.clear()
                cursor.execute(f"NOTIFY {self._channel}")


_lock = threading.Lock()
_announcers: dict[tuple[str, str], Announcer] = {}


def announce(channel: str = CHANNEL) -> None:
    """Wake who listens on the channel; returns at once. Call it after the commit, never inside the transaction."""
    # By database too: a test's database must not be notified on another's connection.
    place = (channel, str(connection.settings_dict["NAME"]))
    announcer = _announcers.get(place)
    if announcer is None or not announcer.is_alive():
        with _lock:
            announcer = _announcers.get(place)
            if announcer is None or not announcer.is_alive():
                announcer = _announcers[place] = Announcer(channel)
                announcer.start()
    announcer.ask()
