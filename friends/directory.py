"""The directory of users: who there is, as the users service tells. Fed by its events; asked of it once for somebody
whose event has not come yet."""

import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import orjson
from django.db import connection

from eventsourcing import schema_registry, wakeup
from eventsourcing.consumer import Message, Subscription
from eventsourcing.envelope import Envelope
from eventsourcing.http import version_of
from friends import departures, metrics
from service import registration
from service.context import current
from service.identity import signature
from service.problems import Problem

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS = 2.0
MAX_ANSWER_BYTES = 64 * 1024
USERS_SERVICE = "USER-SERVICE"
# As consistency tokens name the users service.
SERVICE = "users"

# Locked against the end of a user, not against each other: two friendships of one user may begin at a time.
PRESENT = """
SELECT user_id, version FROM directory WHERE user_id = ANY(%s) AND NOT deleted ORDER BY user_id FOR KEY SHARE
"""
APPLY = """
INSERT INTO directory (user_id, version, deleted) VALUES (%s, %s, false)
ON CONFLICT (user_id) DO UPDATE SET version = excluded.version WHERE directory.version < excluded.version
"""
LEARN = "INSERT INTO directory (user_id, version, deleted) VALUES (%s, %s, false) ON CONFLICT DO NOTHING"


def apply(messages: Sequence[Message]) -> None:
    """The consumer's handler: keep the newest version of each user, and who is deleted, with all that follows.
    Idempotent, and blind to order."""
    newest: dict[int, int] = {}
    deletions: list[Envelope] = []
    for message in messages:
        if message.envelope is not None:
            user_id, version = told(message.envelope)
            if message.envelope.event_type == departures.USER_DELETED:
                deletions.append(message.envelope)
            else:
                newest[user_id] = max(version, newest.get(user_id, 0))
    with connection.cursor() as cursor:
        # In one order, so that two consumers cannot wait for each other.
        cursor.executemany(APPLY, sorted(newest.items()))
    departures.take_leave(deletions)


def told(event: Envelope) -> tuple[int, int]:
    """The user that an event is about, and the version. Raises UnknownEventType, SchemaViolation."""
    schema_registry.read(event.event_type, event.schema_version, event.subject, erased=bool(event.erased))
    return event.subject["id"], event.stream_version


# Whoever is deleted may have had friendships, of whose end the relay has to hear.
SUBSCRIPTION = Subscription(name="friends-directory", topics=("user",), handler=apply, after_commit=wakeup.announce)


def stream_of(user_id: int) -> str:
    """The stream of a user's events, in the service that they belong to."""
    return f"user-{user_id}"


def known(*user_ids: int) -> dict[int, int]:
    """Those of the users that the directory knows, with their versions; locked until the transaction's end."""
    with connection.cursor() as cursor:
        cursor.execute(PRESENT, [list(user_ids)])
        return dict(cursor.fetchall())


def missing(*user_ids: int) -> list[int]:
    """Those of the users that the directory does not know; the others are locked until the transaction's end."""
    present = known(*user_ids)
    return [user_id for user_id in user_ids if user_id not in present]


def learn(user_id: int) -> bool:
    """Ask the users service about somebody unknown, and keep a yes; False when it says that there is no such user.

    Raises Problem 503 when it does not say: not to know is not the same as no.
    """
    version = version_now(user_id)
    if version is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(LEARN, [user_id, version])
    return True


def version_now(user_id: int) -> int | None:
    """The version at which the users service has the user, 0 where it does not tell; None: there is none.

    Raises Problem 503 where it says nothing.
    """
    try:
        found = _ask(user_id)
    except (OSError, ValueError, HTTPException) as error:
        metrics.ASKED.labels("nothing").inc()
        logger.warning("The users service does not say whether there is a user %d: %s", user_id, error)
        raise Problem(
            503, f"Whether there is a user {user_id} cannot be said now.", headers={"Retry-After": "1"}
        ) from error
    metrics.ASKED.labels("no" if found is None else "yes").inc()
    return found


def _ask(user_id: int) -> int | None:
    base = registration.directory(USERS_SERVICE).pick()
    if base is None:
        raise OSError("no instance of it is up")
    parts = urlsplit(base)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    # Straight to the instance: a proxy that the environment names is for the world outside.
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.connect()
        with _within(connection.sock, TIMEOUT_SECONDS):
            return _answered(connection, f"{parts.path}/v1/users/{user_id}", user_id)
    finally:
        connection.close()


@contextmanager
def _within(conversation: socket.socket, seconds: float) -> Iterator[None]:
    """End the conversation after so long: the socket's own limit counts anew with every byte that comes."""

    def end() -> None:
        with suppress(OSError):
            conversation.shutdown(socket.SHUT_RDWR)

    limit = threading.Timer(seconds, end)
    limit.daemon = True
    limit.start()
    try:
        yield
    finally:
        limit.cancel()


def _answered(connection: HTTPConnection, path: str, user_id: int) -> int | None:
    context = current()
    told = {"X-Request-Id": context.request_id, "traceparent": context.traceparent}
    told |= signature.headers("friends", method="GET", target=path)
    connection.request("GET", path, headers=told)
    # Closed also where more stands in it than is read.
    with connection.getresponse() as response:
        body = response.read(MAX_ANSWER_BYTES)
    if response.status == 404:
        return None
    if response.status != 200:
        raise OSError(f"it answered {response.status}")
    answer = orjson.loads(body)
    if not isinstance(answer, dict) or answer.get("id") != user_id:
        raise ValueError("it answered with something else")
    return version_of(response.headers.get("ETag"))
