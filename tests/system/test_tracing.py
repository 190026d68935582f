"""With an OTLP endpoint, one trace goes from the gateway through both sides of the system to the graph."""

from pathlib import Path

import pytest

from tests.support.client import Client
from tests.support.network import Network
from tests.support.otlp import Receiver, Span, receiving
from tests.support.system import running
from tests.support.waiting import eventually

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
# Who is whose child, by service and name.
GATEWAY = ("gateway", "POST friend-service")
WEB = ("friends", "POST /v1/users/<str:user_id>/commands/addFriend")
COMMAND = ("friends", "command add")
BEHIND = {
    ("friends", "outbox"), ("friends", "publish"), ("recommendations", "receive"), ("recommendations", "project"),
}  # fmt: skip


def named(spans: list[Span]) -> dict[tuple[str, str], Span]:
    """Spans by service and name."""
    return {(span.service, span.name): span for span in spans}


def test_one_trace_from_the_gateway_to_the_graph(tmp_path: Path, everything: bool) -> None:
    if not everything:
        pytest.skip("a system of its own takes its time: make test-all")
    with receiving() as receiver:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        with running(tmp_path, **variables) as system:
            client = Client(system.urls["gateway"])
            one, other = Network(client).people(2)
            path = f"/friend/v1/users/{one}/commands/addFriend?friendId={other}"
            answer = client.request("POST", path, b"", {"traceparent": f"00-{TRACE}-{PARENT}-01"})
            assert answer.status == 201
            eventually(lambda: is_whole(receiver), within=30)


def is_whole(receiver: Receiver) -> None:
    """Every span is there, and under the one that caused it."""
    spans = named(receiver.trace(TRACE))
    assert {GATEWAY, WEB, COMMAND, *BEHIND} <= spans.keys(), sorted(spans)
    assert spans[GATEWAY].parent == PARENT
    assert spans[WEB].parent == spans[GATEWAY].id
    assert spans[COMMAND].parent == spans[WEB].id
    assert {spans[one].parent for one in BEHIND} == {spans[COMMAND].id}
