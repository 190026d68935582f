"""Identity of a request."""

import logging
from contextvars import Context

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from service import context
from service.middleware import RequestContextMiddleware

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def served(**headers: str) -> tuple[context.RequestContext, HttpResponse]:
    seen: list[context.RequestContext] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(context.current())
        return HttpResponse()

    answer = RequestContextMiddleware(view)(RequestFactory().get("/", headers=headers))
    return seen[0], answer


def test_the_gateways_id_and_trace_are_carried_on_and_the_id_is_returned() -> None:
    seen, answer = served(**{"X-Request-Id": "r-1", "traceparent": TRACE})
    assert (seen.request_id, seen.traceparent) == ("r-1", TRACE)
    assert answer["X-Request-Id"] == "r-1"


@pytest.mark.parametrize("text", ["", "a b", "x" * 129, "<script>", "ä"])
def test_an_id_that_could_do_harm_is_replaced(text: str) -> None:
    seen, answer = served(**{"X-Request-Id": text})
    assert seen.request_id != text
    assert answer["X-Request-Id"] == seen.request_id


@pytest.mark.parametrize(
    "text", ["", "garbage", TRACE[:-1], TRACE + "0", f"00-{'0' * 32}-00f067aa0ba902b7-01", TRACE.upper()]
)
def test_a_broken_trace_is_begun_anew(text: str) -> None:
    seen, _ = served(traceparent=text)
    assert seen.traceparent != text
    assert context.valid_traceparent(seen.traceparent)


def test_every_request_has_an_id_of_its_own() -> None:
    assert served()[0].request_id != served()[0].request_id


def test_ids_are_ordered_by_time() -> None:
    ids = [context.new_id() for _ in range(100)]
    assert ids == sorted(ids)
    assert ids[0].version == 7


def test_what_is_logged_during_a_request_has_its_ids() -> None:
    def ids(**begun: str) -> tuple[object, object]:
        record = logging.makeLogRecord({"msg": "here"})
        if begun:
            context.begin(context.RequestContext(**begun))  # type: ignore[arg-type]
        assert context.OfRequest().filter(record)
        return record.__dict__.get("request_id"), record.__dict__.get("trace_id")

    assert Context().run(ids) == (None, None)
    assert Context().run(ids, request_id="r-1", traceparent=TRACE) == ("r-1", TRACE.split("-")[1])
