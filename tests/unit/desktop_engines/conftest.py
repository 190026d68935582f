"""Where engines of these tests keep what they have."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from desktop.engines.server import Notice, silent
from tests.unit.desktop_engines.stand_in import StandIn


class Make(Protocol):
    """Makes an engine in the test's folder."""

    def __call__(self, code: str, *, port: int | None = None, notice: Notice = silent) -> StandIn: ...


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Engines that are a piece of Python; all are stopped after the test."""
    with ExitStack() as stack:

        def one(code: str, *, port: int | None = None, notice: Notice = silent) -> StandIn:
            engine = StandIn(
                tmp_path / "data", port=port, log=tmp_path / "log", cache=tmp_path / "cache", notice=notice
            )
            engine.code = code
            stack.callback(engine.stop)
            return engine

        yield one
