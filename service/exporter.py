"""The metrics of a process that is no web server (relay, consumer, projector), on a small HTTP server of its own."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import start_http_server

from config import environment
from service import runtime

logger = logging.getLogger(__name__)


@contextmanager
def serving() -> Iterator[bool]:
    """Serve this process's metrics at METRICS_PORT while the block runs; False where none are wanted, or none can be
    served: that is said, and the process does its work all the same."""
    port = environment.integer("METRICS_PORT")
    if not port:
        yield False
        return
    runtime.begin_process()
    try:
        server, thread = start_http_server(port, addr=environment.text("HOST"))
    except OSError as error:
        logger.error("No metrics are served, port %d: %s", port, error)  # noqa: TRY400 -- the error says it all
        yield False
        return
    try:
        yield True
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=2.0)
