"""State tables: what they are made from, so that `rebuild`, `verify` and `as_of` need to know no service."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Model

from eventsourcing import store
from eventsourcing.event import Event, key_of

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class StateTable:
    """A table that holds the fold of each stream of a category, a row a stream.

    evolve: the state after one more event, None where there is none (any more). to_row: the state as columns,
    `version` among them. stream_columns: the whole-number columns that make the stream's name (`friendship-3-4`: low,
    high); unique together.
    """

    category: str
    model: type[Model]
    evolve: Callable[[Any, Event], Any]
    to_row: Callable[[Any], Row]
    stream_columns: tuple[str, ...]

    @property
    def table(self) -> str:
        """The table's name."""
        return self.model._meta.db_table

    @property
    def columns(self) -> list[str]:
        """The table's columns, the primary key first."""
        names = [str(field.column) for field in self.model._meta.concrete_fields]
        return sorted(names, key=lambda name: name != self.key)

    @property
    def key(self) -> str:
        """The primary key's column."""
        return str(self.model._meta.pk.column)

    @property
    def stream_sql(self) -> str:
        """The stream's name as an SQL expression over the table's columns."""
        return f"'{self.category}-' || " + " || '-' || ".join(self.stream_columns)

    def keys(self, streams: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """The values of `stream_columns` for each stream."""
        return tuple(tuple(int(part) for part in key_of(stream).split("-")) for stream in streams)

    def fold(self, events: Iterable[Event]) -> Row | None:
        """The row that one stream's events make; None where they make none: there are none, or they are erased."""
        state: Any = None
        for event in events:
            state = self.evolve(state, event)
        return None if state is None else self.to_row(state)

    def expected(self, streams: Sequence[str]) -> dict[str, Row]:
        """By stream, the row that its events make."""
        by_stream = groupby(store.load_many(streams), key=lambda event: event.stream)
        rows = ((stream, self.fold(events)) for stream, events in by_stream)
        return {stream: row for stream, row in rows if row is not None}

    def actual(self, streams: Sequence[str]) -> dict[str, Row]:
        """By stream, the row that the table has."""
        columns = ", ".join(self.columns)
        statement = (
            f"SELECT {self.stream_sql}, {columns} FROM {self.table} "  # noqa: S608 -- names of the model, no input
            f"WHERE ({', '.join(self.stream_columns)}) IN %s"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [self.keys(streams)])
            return {row[0]: dict(zip(self.columns, row[1:], strict=True)) for row in cursor.fetchall()}


_tables: dict[str, StateTable] = {}


def register(table: StateTable) -> None:
    """Make a service's state table known to this process."""
    _tables[table.category] = table


def all_tables() -> list[StateTable]:
    """Everything registered, by category."""
    return [_tables[category] for category in sorted(_tables)]
