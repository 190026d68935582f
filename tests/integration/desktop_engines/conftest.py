"""Engines of these tests: real ones, on ports of their own, in a temporary folder; what is fetched is kept."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from desktop.engines import cache_folder, remove
from desktop.engines.server import Server

Make = Callable[..., Server]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes engines whose data are in the test's folder; all are stopped after the test."""
    with ExitStack() as stack:
        stack.callback(remove, tmp_path)

        def one(engine: type[Server], **options: object) -> Server:
            made = engine(
                tmp_path,
                **{"log": tmp_path / f"{engine.folder}.log", "cache": cache_folder()} | options,  # type: ignore[arg-type] -- as named
            )
            stack.callback(made.stop)
            return made

        yield one
