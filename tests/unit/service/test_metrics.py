"""Places in a row of workers, an exporter of its own, what health tells."""

import json
import socket

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from service import exporter, health, metrics
from service.http_metrics import RESPONSES, RequestMetricsMiddleware
from tests.support.metrics import read, scrape


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A free port, which METRICS_PORT names."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        number = int(opened.getsockname()[1])
    monkeypatch.setenv("METRICS_PORT", str(number))
    return number


@pytest.mark.parametrize(("taken", "place"), [([], 1), ([1, 2], 3), ([2, 3], 1), ([3, 1], 2)])
def test_a_new_worker_takes_the_first_place_that_nobody_has(taken: list[int], place: int) -> None:
    assert metrics.free_place(taken) == place


def test_an_exporter_serves_while_its_block_runs(port: int) -> None:
    with exporter.serving() as served:
        assert served
        found = scrape(f"127.0.0.1:{port}")
        assert found.one("python_threads") >= 1
        assert found.one("process_resident_memory_bytes") > 0
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_without_a_port_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METRICS_PORT", raising=False)
    with exporter.serving() as served:
        assert not served


def test_a_port_in_use_is_said_and_does_not_keep_anybody_from_work(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", port)), exporter.serving() as served:
        assert not served
    assert str(port) in caplog.text


def test_a_method_that_nobody_knows_is_no_label_of_its_own() -> None:
    serve = RequestMetricsMiddleware(lambda request: HttpResponse(status=405))
    for number in range(3):
        serve(RequestFactory().generic(f"ODD{number}", f"/nowhere/{number}"))
    labels = {"status": "405", "view": "<unnamed view>", "method": "<invalid method>"}
    assert RESPONSES.labels(**labels)._value.get() == 3
    assert not any(
        one.labels.get("method", "").startswith("ODD") for one in read(metrics.exposition().decode()).series
    )


def test_every_metric_that_is_declared_has_a_name_by_the_conventions() -> None:
    for one in metrics.all_declared():
        assert (one.kind == "counter") == one.name.endswith("_total"), one.name
        assert one.meaning.endswith("."), one.name
        assert not one.name.endswith(("_milliseconds", "_ms", "_megabytes")), one.name


def test_health_says_why_and_details_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise RuntimeError("it is away")

    monkeypatch.setattr(health, "_checks", {"graph": away, "database": lambda: None})
    monkeypatch.setattr(health, "_details", {"parked": lambda: 3, "lag": away})
    status, body = health.detail()
    assert status == 503
    assert json.loads(body) == {
        "status": "DOWN",
        "checks": {"graph": {"status": "DOWN", "why": "it is away"}, "database": {"status": "UP"}},
        "details": {"parked": 3, "lag": {"unknown": "it is away"}},
    }
    monkeypatch.setattr(health, "_checks", {"database": lambda: None})
    assert health.detail()[0] == 200
