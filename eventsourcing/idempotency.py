"""Idempotency keys: a command that a client asks for again under the same key happens once, and is answered alike.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/. The answer is stored in the command's own
transaction: there is no moment at which one is there without the other. Failures are not stored: they changed
nothing, and may go better the next time.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from service import clock, problems
from service.problems import Problem

IN_PROGRESS = problems.COMMAND_IN_PROGRESS
KEPT = "interval '24 hours'"
GONE = 410

# Two numbers of 32 bits from the scope's hash; the class is ours ("ID").
LOCK = "SELECT pg_try_advisory_xact_lock(%s, %s)"
LOCK_CLASS = 0x4944
FIND = f"""
SELECT fingerprint, status, headers, body FROM idempotency
WHERE principal = %(principal)s AND method = %(method)s AND path = %(path)s AND key = %(key)s
  AND created_at > clock_timestamp() - {KEPT}
"""  # noqa: S608 -- assembled from a constant only
STORE = """
INSERT INTO idempotency (principal, method, path, key, fingerprint, status, headers, body, subjects, created_at)
VALUES (%(principal)s, %(method)s, %(path)s, %(key)s, %(fingerprint)s, %(status)s, %(headers)s::jsonb, %(body)s,
        %(subjects)s, %(created_at)s)
ON CONFLICT (principal, method, path, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers, body = excluded.body,
    subjects = excluded.subjects, created_at = excluded.created_at
"""
# The key stays until it expires, for it still stands for what happened; whatever tells of whom is taken from it, the
# fingerprint too, for who knows how a request is made up could try names on it.
FORGET = """
UPDATE idempotency SET status = %(status)s, headers = '{}', body = '', fingerprint = '', subjects = '{}'
WHERE subjects @> ARRAY[%(stream)s]::varchar[]
"""
EXPIRE = f"""
DELETE FROM idempotency WHERE id IN (
    SELECT id FROM idempotency WHERE created_at < clock_timestamp() - {KEPT} ORDER BY created_at LIMIT 10000)
"""  # noqa: S608 -- as above


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A command's answer: status, headers and JSON body (None: none), and the streams whose data the body shows."""

    status: int
    body: Any = None
    headers: Mapping[str, str]
    subjects: tuple[str, ...] = ()

    def content(self) -> bytes:
        """The body's bytes."""
        return b"" if self.body is None else orjson.dumps(self.body)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """An answer as it was given the first time."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class AlreadyAnswered(Exception):
    """The command was done under this key before; `stored` is what was answered then."""

    def __init__(self, stored: Stored) -> None:
        super().__init__("answered before")
        self.stored = stored


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One client's key for one command. `fingerprint` is of everything that the command is made of."""

    principal: str
    method: str
    path: str
    key: str
    fingerprint: bytes
    answer: Callable[[Any], Answer]

    def _values(self) -> dict[str, Any]:
        return {"principal": self.principal, "method": self.method, "path": self.path, "key": self.key}

    def check(self) -> None:
        """Raises AlreadyAnswered; Problem 422 where the key stands for another request, 410 where what it stood for
        is erased."""
        with connection.cursor() as cursor:
            cursor.execute(FIND, self._values())
            row = cursor.fetchone()
        if row is None:
            return
        fingerprint, status, headers, body = row
        if status == GONE:
            raise Problem(GONE, "What was done under this Idempotency-Key is done, and erased since.")
        if bytes(fingerprint) != self.fingerprint:
            raise Problem(422, "This Idempotency-Key was used for another request.")
        raise AlreadyAnswered(Stored(status=status, headers=orjson.loads(headers), content=bytes(body)))

    def begin(self) -> None:
        """In the command's transaction, first of all: nobody else does this now, nobody has done it before.

        Raises Problem 409 where somebody does; AlreadyAnswered; Problem 422.
        """
        digest = hashlib.sha256("\0".join(map(str, self._values().values())).encode()).digest()
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [LOCK_CLASS, int.from_bytes(digest[:4], signed=True)])
            (obtained,) = cursor.fetchone()
        if not obtained:
            raise Problem(
                409,
                "The same command is under way; ask again.",
                headers={"Retry-After": "1"},
                type_uri=IN_PROGRESS,
            )
        self.check()

    def store(self, outcome: Any) -> None:
        """In the command's transaction, last of all: keep the answer."""
        answer = self.answer(outcome)
        values = self._values() | {
            "fingerprint": self.fingerprint,
            "status": answer.status,
            "headers": orjson.dumps(dict(answer.headers)).decode(),
            "body": answer.content(),
            "subjects": list(answer.subjects),
            "created_at": clock.now(),
        }
        with connection.cursor() as cursor:
            cursor.execute(STORE, values)


def forget(stream: str) -> None:
    """Take a stream's data out of every stored answer; inside the transaction that erases it."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"status": GONE, "stream": stream})


_current: ContextVar[Scope | None] = ContextVar("idempotency_scope", default=None)


def current() -> Scope | None:
    """The scope of the command under way, where the client gave a key."""
    return _current.get()


@contextmanager
def using(scope: Scope | None) -> Iterator[None]:
    """Commands that run inside keep to the scope."""
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)
