"""Engines of these tests: real ones, on ports of their own, in a temporary folder; what is fetched is kept."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from desktop.engines import cache_folder, remove
from desktop.engines.server import Notice, Server, silent


class Make(Protocol):
    """Makes an engine in the test's folder."""

    def __call__(
        self,
        engine: type[Server],
        *,
        port: int | None = None,
        cache: Path | None = None,
        notice: Notice = silent,
    ) -> Server: ...


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes engines whose data are in the test's folder; all are stopped after the test."""
    with ExitStack() as stack:
        stack.callback(remove, tmp_path)

        def one(
            engine: type[Server], *, port: int | None = None, cache: Path | None = None, notice: Notice = silent
        ) -> Server:
            log = tmp_path / f"{engine.folder}.log"
            made = engine(tmp_path, port=port, log=log, cache=cache or cache_folder(), notice=notice)
            stack.callback(made.stop)
            return made

        yield one
