"""The one way to the graph database: reads in a read transaction, writes in an explicit one; both are tried again
when the database says that it would have worked at another moment."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, LiteralString, TypeVar
from urllib.parse import unquote, urlsplit

from neo4j import READ_ACCESS, Driver, GraphDatabase, Query, Session, Transaction
from neo4j.exceptions import ConstraintError, DriverError, Neo4jError

from config import environment

R = TypeVar("R")
Row = dict[str, Any]
READ_ATTEMPTS, WRITE_ATTEMPTS = 3, 12
READ_SECONDS = 8.0
# After so long the server ends a writing transaction and frees its locks: a writer that hangs in the middle (SIGSTOP)
# must not keep the others from their turn. A batch takes a second at most.
WRITE_SECONDS = 15.0
# https://neo4j.com/docs/status-codes/current/errors/: no login, no such database, a transaction that was ended. None
# of these says anything about the statement or its rows.
OUTSIDE = ("Neo.ClientError.Security.", "Neo.ClientError.Database.", "Neo.ClientError.Transaction.")
_lock = threading.Lock()
_drivers: dict[str, tuple[Driver, str | None]] = {}


class Unavailable(Exception):
    """The graph database does not answer, or others kept it too busy for this; try again later."""


class Busy(Unavailable):
    """Others were faster, each time."""


def _driver() -> tuple[Driver, str | None]:
    url = environment.text("NEO4J_BOLT_URL")
    with _lock:
        if url not in _drivers:
            _drivers[url] = _open(url)
        return _drivers[url]


def _open(url: str) -> tuple[Driver, str | None]:
    """A driver for `bolt://user:password@host:port[/database]`, and the database."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise environment.InvalidSetting("NEO4J_BOLT_URL must be bolt://user:password@host:port.")
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    address = f"{parts.scheme}://{parts.hostname}:{parts.port or 7687}"
    driver = GraphDatabase.driver(
        address,
        auth=login,
        connection_timeout=3.0,
        connection_acquisition_timeout=5.0,
        keep_alive=True,
        telemetry_disabled=True,
        # The server's remarks about statements (unknown label, no index yet) are for who writes them.
        notifications_min_severity="OFF",
        warn_notification_severity="OFF",
    )
    return driver, parts.path.strip("/") or None


def driver() -> Driver:
    """The driver, with its pool of connections: one a process. Connects when it is first used."""
    return _driver()[0]


def close() -> None:
    """Close what is open; the next use opens another driver."""
    with _lock:
        while _drivers:
            _drivers.popitem()[1][0].close()


def _session(**settings: Any) -> Session:
    opened, database = _driver()
    return opened.session(database=database, **settings)


def read(statement: LiteralString, parameters: Mapping[str, Any]) -> list[Row]:
    """The rows of one statement, in a read transaction of its own. Raises Unavailable, also after READ_SECONDS."""

    def work() -> list[Row]:
        with _session(default_access_mode=READ_ACCESS) as session:
            return [dict(record) for record in session.run(Query(statement, timeout=READ_SECONDS), dict(parameters))]

    return _retried(work, READ_ATTEMPTS)


def write(work: Callable[[Transaction], R], *, seconds: float | None = WRITE_SECONDS) -> R:
    """What `work` returns, done in one explicit transaction; it may be called several times. Raises Unavailable, also
    after so many `seconds`, and what the database says that is nobody's momentary trouble."""

    def attempt() -> R:
        with _session() as session, session.begin_transaction(timeout=seconds) as transaction:
            result = work(transaction)
            transaction.commit()
            return result

    return _retried(attempt, WRITE_ATTEMPTS)


def rows(transaction: Transaction, statement: LiteralString, parameters: Mapping[str, Any]) -> list[Row]:
    """The rows of a statement inside `write`'s transaction."""
    return [dict(record) for record in transaction.run(statement, dict(parameters))]


def schema(statements: Sequence[str]) -> None:
    """Carry out statements about the schema, each in a transaction of its own, as Neo4j wants it."""
    for statement in statements:
        # Where there are data already, making an index takes its time.
        write(lambda transaction, one=statement: transaction.run(one).consume(), seconds=None)  # type: ignore[misc]


def check() -> None:
    """Raises Unavailable where the graph database does not answer."""
    read("RETURN 1 AS up", {})


def _momentary(error: Neo4jError | DriverError | OSError) -> bool:
    """Whether the same may succeed at another moment.

    A violated constraint is such a case: all of our writes are MERGEs, so it means that two transactions made the
    same node at once (ArcadeDB reports this so; Neo4j makes one of them wait).
    """
    return not isinstance(error, Neo4jError) or error.is_retryable() or isinstance(error, ConstraintError)


def _retried(work: Callable[[], R], attempts: int) -> R:
    for attempt in count(1):
        try:
            return work()
        except (Neo4jError, DriverError, OSError) as error:
            if not _momentary(error):
                if str(getattr(error, "code", "")).startswith(OUTSIDE):
                    raise Unavailable(str(error)) from error
                raise
            # A connection that has gone stale is worth another one; a database that is away is not waited for here.
            if attempt >= (attempts if isinstance(error, Neo4jError) else 2):
                kind = Busy if isinstance(error, Neo4jError) else Unavailable
                raise kind(f"{type(error).__name__}: {error}") from error
        time.sleep(random.uniform(0, 0.005 * 2 ** min(attempt, 6)))  # noqa: S311 -- spreads retries, hides nothing
    raise AssertionError("count() does not end")
