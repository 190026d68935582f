"""State from events: `rebuild` makes a state table anew, `verify` compares it with the fold, and can heal it.

Both go stream by stream, and both may run while commands do: a row is only ever replaced by one of the same or a
later version, no row is made for a stream that an erasure ends meanwhile, and a comparison reads events and rows of
one moment.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from eventsourcing import store
from eventsourcing.state import Row, StateTable

BATCH = 500
Progress = Callable[[int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A stream whose row is not what its events say. `actual` None: missing; `expected` None: no such stream."""

    stream: str
    expected: Row | None
    actual: Row | None

    def __str__(self) -> str:
        if self.actual is None:
            return f"{self.stream}: no row, its events make one of version {(self.expected or {})['version']}"
        if self.expected is None:
            return f"{self.stream}: a row, but no events that make one"
        names = [name for name in self.expected if self.expected[name] != self.actual.get(name)]
        # Which columns differ, not what they hold: it may be personal.
        return f"{self.stream}: differs in {', '.join(names)}"


def rebuild(table: StateTable, progress: Progress = lambda done: None) -> int:
    """Make every row of the table from the events, then take away rows without any; the number of streams.

    `progress` is told how many streams were done since it was last called. Safe to stop and to start again.
    """
    total = 0
    for streams in store.category_streams(table.category, batch=BATCH):
        _replace(table, streams)
        total += len(streams)
        progress(len(streams))
    _sweep(table)
    return total


def verify(
    table: StateTable, progress: Progress = lambda done: None, *, leave_out: frozenset[str] = frozenset()
) -> Iterator[Difference]:
    """Each stream whose row differs from the fold of its events, and each row without a stream.

    `leave_out`: streams whose events are not whole, so that they say nothing about the row.
    """
    for whole in store.category_streams(table.category, batch=BATCH):
        streams = [stream for stream in whole if stream not in leave_out]
        expected, actual = _snapshot(table, streams)
        for stream in streams:
            if expected.get(stream) != actual.get(stream):
                yield Difference(stream=stream, expected=expected.get(stream), actual=actual.get(stream))
        progress(len(whole))
    yield from _orphans(table)


def repair(table: StateTable, differences: Sequence[Difference]) -> None:
    """Heal exactly these streams' rows."""
    for difference in differences:
        with transaction.atomic():
            _take_turn(table)
            _execute(f"DELETE FROM {table.table} WHERE {table.stream_sql} = %s", [difference.stream])  # noqa: S608 -- as below
            expected = table.expected([difference.stream])
            _write(table, list(expected.values()))


@transaction.atomic
def _replace(table: StateTable, streams: Sequence[str]) -> None:
    """Make these streams' rows what their events say.

    Rows are locked before events are read: a command that ends a stream deletes its row, so it has either committed
    and is seen here, or it waits and finds the row. A stream without a row no command can end.
    """
    _take_turn(table)
    _lock(table, streams)
    expected = table.expected(streams)
    _write(table, list(expected.values()))
    _delete(table, [stream for stream in streams if stream not in expected])


def _take_turn(table: StateTable) -> None:
    """One rebuild or repair of a table at a time: what is without a row stays so until the transaction's end."""
    _execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"rebuild {table.table}"])


def _lock(table: StateTable, streams: Sequence[str]) -> None:
    _execute(
        f"SELECT FROM {table.table} WHERE ({', '.join(table.stream_columns)}) IN %s ORDER BY {table.key} FOR UPDATE",
        [table.keys(streams)],
    )


def _snapshot(table: StateTable, streams: Sequence[str]) -> tuple[dict[str, Row], dict[str, Row]]:
    if not streams:
        return {}, {}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return table.expected(streams), table.actual(streams)


def _write(table: StateTable, rows: Sequence[Row]) -> None:
    if not rows:
        return
    columns = ", ".join(table.columns)
    updates = ", ".join(f"{name} = excluded.{name}" for name in table.columns if name != table.key)
    marks = ", ".join(["%s"] * len(table.columns))
    statement = (
        f"INSERT INTO {table.table} ({columns}) VALUES ({marks}) "  # noqa: S608 -- names of the model, no input
        f"ON CONFLICT ({table.key}) DO UPDATE SET {updates} WHERE {table.table}.version <= excluded.version"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [[row[name] for name in table.columns] for row in rows])


def _delete(table: StateTable, streams: Sequence[str]) -> None:
    if streams:
        columns = ", ".join(table.stream_columns)
        statement = f"DELETE FROM {table.table} WHERE ({columns}) IN %s"  # noqa: S608 -- as above
        _execute(statement, [table.keys(streams)])


def _sweep(table: StateTable) -> None:
    _execute(f"DELETE FROM {table.table} WHERE {_without_stream(table)}", [])  # noqa: S608 -- as above


def _orphans(table: StateTable) -> Iterator[Difference]:
    statement = f"SELECT {table.stream_sql} FROM {table.table} WHERE {_without_stream(table)}"  # noqa: S608 -- as above
    with connection.cursor() as cursor:
        cursor.execute(statement)
        for (stream,) in cursor.fetchall():
            yield Difference(stream=stream, expected=None, actual={})


def _without_stream(table: StateTable) -> str:
    return f"NOT EXISTS (SELECT FROM events WHERE stream = {table.stream_sql} AND events.version = 1)"


def _execute(statement: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
