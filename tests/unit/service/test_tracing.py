"""Spans go out where an endpoint is set, as children of the trace that they belong to; else nothing is loaded."""

import os
import subprocess
import sys

import pytest

from service import context, tracing
from tests.support.otlp import Receiver, receiving

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
LOADED = "import sys; from service import tracing; print([name for name in sys.modules if 'opentelemetry' in name])"
# In a process of its own: what is switched on is switched on when the module is loaded.
SPANS = f"""
from service import context, tracing
with tracing.span("GET", tracing.SERVER, {PARENT!r}) as opened:
    context.begin(context.RequestContext(traceparent=opened.traceparent))
    with tracing.step("command create_user"):
        stored = context.current().traceparent
    assert context.current().traceparent == opened.traceparent
    opened.answered(200, "GET /v1/users")
tracing.record("publish", tracing.PRODUCER, [tracing.Traced(stored, "USER_CREATED", "user-1")], tracing.now())
with tracing.span("POST", tracing.SERVER, ""):
    pass
"""


def run(code: str, endpoint: str) -> str:
    """The output of some code in a process that sends its spans to `endpoint`."""
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "DJANGO_SETTINGS_MODULE": "users.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sent() -> Receiver:
    """What came of SPANS."""
    with receiving() as receiver:
        run(SPANS, receiver.url)
    return receiver


def test_spans_are_sent_as_one_tree() -> None:
    receiver = sent()
    by_name = {span.name: span for span in receiver.spans}
    request, command, publish = (by_name[name] for name in ("GET /v1/users", "command create_user", "publish"))
    assert {span.trace for span in (request, command, publish)} == {TRACE}
    assert request.parent == PARENT.split("-")[2]
    assert command.parent == request.id
    assert publish.parent == command.id
    assert {span.service for span in receiver.spans} == {"users"}
    assert all(span.began <= span.ended for span in receiver.spans)
    assert by_name["POST"].parent == ""
    assert by_name["POST"].trace != TRACE


def test_nothing_is_loaded_where_no_endpoint_is_set() -> None:
    assert run(LOADED, "").strip() == "[]"


def test_off_a_trace_is_carried_on_as_it_came_and_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "ENABLED", False)
    with tracing.span("GET", tracing.SERVER, PARENT) as opened:
        assert opened.traceparent == PARENT
        opened.answered(500)
    with tracing.span("GET", tracing.SERVER, "") as opened:
        assert context.valid_traceparent(opened.traceparent)
