"""A receiver of spans: OTLP over HTTP with protobuf, https://opentelemetry.io/docs/specs/otlp/#otlphttp."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A span as it came; ids in hexadecimal, `parent` "" for the first of its trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    began: int
    ended: int


class Receiver:
    """Whatever came, in the order in which it did."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []

    def take(self, body: bytes) -> None:
        """One request's spans."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    Span(
                        service=named["service.name"],
                        name=one.name,
                        trace=one.trace_id.hex(),
                        id=one.span_id.hex(),
                        parent=one.parent_span_id.hex(),
                        began=one.start_time_unix_nano,
                        ended=one.end_time_unix_nano,
                    )
                    for one in scope.spans
                ]

    def trace(self, trace: str) -> list[Span]:
        """One trace's spans."""
        return [span for span in list(self.spans) if span.trace == trace]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 -- the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
