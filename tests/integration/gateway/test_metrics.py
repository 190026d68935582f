"""What the gateway counts, over all of its workers and through their deaths, and that only the inside sees it."""

import http.client
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.integration.gateway.process import Gateway, running
from tests.integration.gateway.servers import Loop, Registry, echo
from tests.support.metrics import Scrape, scrape
from tests.support.waiting import eventually

WORKERS = 2
ROUTE = "user-service"
ODD_METHODS = ("PROPFIND", "get", "X" * 200, "TRACE", "MKCALENDAR")
ODD_PATHS = (
    "/user/v1/users/{}",
    "/nowhere/{}",
    "/user/%2f{}",
    "/user/admin/{}",
    "/{}/actuator",
    "/actuator/health?{}",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A gateway of several workers, and where its metrics are."""

    gateway: Gateway
    address: str
    folder: Path

    def scrape(self) -> Scrape:
        """Its metrics now."""
        return scrape(self.address)

    def read(self, number: int) -> None:
        """So many requests that are answered well."""
        for _ in range(number):
            assert self.gateway.client.get("/user/v1/users/1").status == 200

    def counted(self, name: str, number: int, **labels: str) -> None:
        """Wait until so many are counted: workers hand on what they counted a moment later."""

        def check() -> None:
            assert self.scrape().one(name, **labels) == number

        eventually(check)

    def workers(self) -> list[psutil.Process]:
        """Its worker processes that are alive."""
        return psutil.Process(self.gateway.process.pid).children()


@pytest.fixture
def measured(loop: Loop, tmp_path: Path) -> Iterator[Measured]:
    """The gateway, with one instance behind it."""
    registry = Registry(loop)
    registry.list("USER-SERVICE", loop.serve(echo))
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
    variables = {"WEB_WORKERS": str(WORKERS), "METRICS_PORT": str(port)}
    with running(tmp_path, registry.url, **variables) as gateway:
        found = Measured(gateway=gateway, address=f"127.0.0.1:{port}", folder=tmp_path / "metrics")
        eventually(gateway.healthy)
        eventually(lambda: both_measured(found))
        yield found


def both_measured(measured: Measured) -> None:
    """Raises AssertionError until every worker has measured itself."""
    assert len(list(measured.scrape().chosen("process_resident_memory_bytes"))) == WORKERS


def test_requests_are_counted_over_all_workers(measured: Measured) -> None:
    measured.read(40)
    measured.gateway.client.get("/user/admin/")
    measured.counted("gateway_responses_total", 40, route=ROUTE, status="2xx")
    measured.counted("gateway_upstream_latency_seconds_count", 40, route=ROUTE)
    found = measured.scrape()
    assert 0 < found.one("gateway_upstream_latency_seconds_sum", route=ROUTE) < 40
    assert found.one("gateway_upstream_latency_seconds_bucket", route=ROUTE, le="10.0") == 40
    assert found.one("gateway_responses_total", route="gateway", status="4xx") == 1
    assert found.one("gateway_registry_answers") == 1

    def known() -> None:
        assert measured.scrape().one("gateway_instances", route=ROUTE) == 1

    eventually(known)


def test_failures_and_retries_are_counted_by_why(measured: Measured) -> None:
    assert measured.gateway.client.get("/friend/v1/friends/1").status == 503
    measured.counted("gateway_responses_total", 1, route="friend-service", status="5xx")
    found = measured.scrape()
    assert found.one("gateway_failures_total", route="friend-service", kind="no_instance") == 1
    assert found.total("gateway_retries_total") == 0


def test_metrics_and_details_are_at_the_other_door_only(measured: Measured) -> None:
    outside = measured.gateway.client
    for path in ("/actuator/prometheus", "/actuator/health/detail", "/user/actuator/prometheus"):
        assert outside.get(path).status == 404, path
        # The port that a client names is not the one that it has come to.
        assert outside.get(path, headers={"Host": measured.address}).status == 404, path
    inside = type(outside)(f"http://{measured.address}")
    detail = inside.get("/actuator/health/detail")
    assert detail.json()["status"] == "UP"
    assert detail.json()["checks"] == {"discovery": {"status": "UP"}}
    assert len(detail.json()["details"]["instances"]["USER-SERVICE"]) == 1
    assert inside.get("/user/v1/users/1").status == 404


def test_clients_are_told_how_many_instances_a_route_has_and_the_inside_which(measured: Measured) -> None:
    outside, inside = measured.gateway.client, type(measured.gateway.client)(f"http://{measured.address}")
    paths = "/actuator/gateway/routes", "/actuator/health/readiness"
    told, ready = (outside.get(path).json() for path in paths)
    assert {route["route_id"]: route["metadata"]["instances"] for route in told} == {
        "user-service": 1,
        "friend-service": 0,
        "recommendation-service": 0,
    }
    assert ready["status"] == "UP"
    assert ready["services"]["user-service"] == {"status": "UP", "instances": 1}
    assert ready["services"]["friend-service"] == {"status": "DOWN", "instances": 0}
    known, *_ = inside.get("/actuator/gateway/routes").json()
    (instance,) = known["instances"]
    assert (instance["outstanding"], instance["breaker"]) == (0, "closed")
    for path in paths:
        assert instance["address"] not in outside.get(path).body.decode()


def test_whatever_clients_send_makes_no_series(measured: Measured) -> None:
    measured.read(1)
    before = measured.scrape().identities
    for number in range(30):
        for path in ODD_PATHS:
            with suppress(http.client.HTTPException, OSError):
                measured.gateway.client.request(ODD_METHODS[number % 5], path.format(number))
    assert measured.scrape().identities == before


def test_a_killed_worker_takes_its_gauges_and_leaves_its_counts(measured: Measured) -> None:
    measured.read(40)
    measured.counted("gateway_responses_total", 40, route=ROUTE, status="2xx")
    before, files = measured.scrape(), set(measured.folder.iterdir())
    for victim in measured.workers():
        victim.send_signal(signal.SIGKILL)
        victim.wait(10)

        def replaced() -> None:
            assert len(measured.workers()) == WORKERS
            both_measured(measured)

        eventually(replaced)
    after = measured.scrape()
    for one in before.series:
        if one.name.endswith(("_total", "_bucket", "_count")):
            assert after.one(one.name, **one.labels) >= one.value, one
    assert after.identities == before.identities
    assert set(measured.folder.iterdir()) == files
    assert set(after.by("worker", "process_start_time_seconds")) == {"1", "2"}
    measured.read(10)
    measured.counted("gateway_responses_total", 50, route=ROUTE, status="2xx")
    assert all("pid" not in one.labels for one in after.series)


def test_a_worker_that_is_no_longer_wanted_takes_its_gauges_with_it(measured: Measured) -> None:
    measured.read(40)
    measured.gateway.process.send_signal(signal.SIGTTOU)

    def fewer() -> Scrape:
        found = measured.scrape()
        assert len(list(found.chosen("process_resident_memory_bytes"))) == WORKERS - 1
        return found

    found = eventually(fewer)
    assert found.one("gateway_responses_total", route=ROUTE, status="2xx") == 40
    assert found.one("gateway_instances", route=ROUTE) == 1
