"""A transport that remembers what was asked of it."""

import asyncio
from typing import Any


class Transport(asyncio.Transport):
    """Goes nowhere; what was written stands in `written`."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False
        self.reading = True

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
