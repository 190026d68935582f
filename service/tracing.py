"""Spans, sent over OTLP where OTEL_EXPORTER_OTLP_ENDPOINT is set; else nothing is imported, and asking costs a look.

One trace goes from the gateway to the graph: what carries it on is the W3C `traceparent` of the request, stored in
the metadata of its events. https://opentelemetry.io/docs/specs/otel/ explains endpoint, sampler and attributes.
"""

import functools
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings

from config import environment
from service import context

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

ENABLED = bool(environment.text("OTEL_EXPORTER_OTLP_ENDPOINT"))
SERVER, PRODUCER, CONSUMER, INTERNAL = "SERVER", "PRODUCER", "CONSUMER", "INTERNAL"
Attributes = Mapping[str, str | int]
# An answer that says so of itself is the service's own failure, not the client's.
FAILED_STATUS = 500


class Traced(NamedTuple):
    """An event as spans show it: who caused it, its type, its stream."""

    traceparent: str
    type: str
    stream: str


@dataclass(slots=True)
class Opened:
    """A span under way: `traceparent` is for what is done inside it."""

    traceparent: str
    span: "Span | None" = None

    def answered(self, status: int, name: str = "") -> None:
        """What came of a request: its status, and the name that is known by now."""
        if self.span is None:
            return
        from opentelemetry.trace import StatusCode

        self.span.set_attribute("http.response.status_code", status)
        if name:
            self.span.update_name(name)
        if status >= FAILED_STATUS:
            self.span.set_status(StatusCode.ERROR)


@functools.cache
def _tracer() -> "Tracer":
    """Made when it is first needed, in the process that needs it: its thread would not survive a fork."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": _service()}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("social-network")


def _service() -> str:
    return environment.text("OTEL_SERVICE_NAME") or str(settings.SETTINGS_MODULE).split(".")[0]


def _parent(traceparent: str) -> "Context | None":
    """The context of a traceparent; None, which begins a trace, where there is none."""
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    valid = context.valid_traceparent(traceparent)
    if valid is None:
        return None
    _, trace, span, flags = valid.split("-")
    found = SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return set_span_in_context(NonRecordingSpan(found))


def _start(name: str, kind: str, parent: str, attributes: Attributes | None, began: int | None = None) -> "Span":
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind

    return _tracer().start_span(
        name, context=_parent(parent) or Context(), kind=SpanKind[kind], attributes=attributes, start_time=began
    )


@contextmanager
def span(name: str, kind: str, parent: str, attributes: Attributes | None = None) -> Iterator[Opened]:
    """What is done inside it, as a child of the traceparent `parent` ("": a new trace)."""
    if not ENABLED:
        yield Opened(parent or context.new_traceparent())
        return
    started = _start(name, kind, parent, attributes)
    found = started.get_span_context()
    try:
        yield Opened(f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}", started)
    except BaseException as error:
        started.record_exception(error)
        raise
    finally:
        started.end()


@contextmanager
def step(name: str) -> Iterator[None]:
    """A part of the request under way; what happens in it has it as its parent."""
    if not ENABLED:
        yield
        return
    around = context.current()
    with span(name, INTERNAL, around.traceparent) as opened:
        context.begin(replace(around, traceparent=opened.traceparent))
        try:
            yield
        finally:
            context.begin(around)


def record(
    name: str,
    kind: str,
    traced: Iterable[Traced],
    began: int,
    attributes: Attributes | None = None,
    *,
    ended: int | None = None,
) -> None:
    """A span of each event that was dealt with, many at once, from `began` until `ended` (else now)."""
    if not ENABLED:
        return
    end = now() if ended is None else ended
    for one in traced:
        own = {"event.type": one.type, "event.stream": one.stream, **(attributes or {})}
        _start(name, kind, one.traceparent, own, began).end(end)


def now() -> int:
    """Nanoseconds since 1970, as spans have them."""
    return time.time_ns()


def nanoseconds(moment: datetime) -> int:
    """A time with its zone, likewise."""
    return int(moment.timestamp() * 1_000_000) * 1_000
