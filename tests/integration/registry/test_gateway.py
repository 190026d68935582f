"""A service that nobody here wrote, registered by raw JSON as Spring sends it, gets the gateway's requests."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from registry.models import Lease
from service import eureka
from tests.integration.gateway import process as gateway
from tests.integration.registry.process import database, running
from tests.support.client import Client
from tests.support.waiting import eventually
from tests.unit.registry.bodies import SPRING

KEY = "only-for-this-test"


class Spring(BaseHTTPRequestHandler):
    """Tells what it was asked."""

    def do_GET(self) -> None:
        """200."""
        body = f"spring: {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Say nothing."""


@pytest.fixture
def spring() -> Iterator[int]:
    """Its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Spring) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def registry(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """The URL, with its key, of a registry that has one."""
    (tmp_path / "registry").mkdir()
    with running(tmp_path / "registry", database(), REGISTRY_KEY=KEY) as url:
        yield url.replace("//", f"//services:{KEY}@")
    Lease.objects.all().delete()


def registration(port: int) -> dict[str, object]:
    """Spring's, of a server on this machine."""
    address = "127.0.0.1"
    pages = dict.fromkeys(("homePageUrl", "statusPageUrl", "healthCheckUrl"), f"http://{address}:{port}/")
    return {
        "instance": SPRING["instance"]
        | {"app": "RECOMMENDATION-SERVICE", "hostName": address, "ipAddr": address}
        | {"instanceId": f"{address}:spring:{port}", "port": {"$": port, "@enabled": "true"}}
        | pages
    }


def test_an_instance_that_registered_by_raw_json_gets_requests(registry: str, spring: int, tmp_path: Path) -> None:
    said = Client(registry)
    assert said.post("/eureka/apps/RECOMMENDATION-SERVICE", registration(spring)).status == 401
    with gateway.running(tmp_path, registry) as door:

        def reached(status: int) -> None:
            assert door.client.get("/recommendation/v1/x?y=1").status == status

        eventually(lambda: reached(503))
        post(registry, registration(spring))
        eventually(lambda: reached(200))
        assert door.client.get("/recommendation/v1/x?y=1").body == b"spring: /v1/x?y=1"
        log = door.log.read_text()
    assert KEY not in log


def post(registry: str, document: dict[str, object]) -> None:
    """Register, with the key."""
    headers = eureka.authorization(urlsplit(registry)) | {"Content-Type": "application/json"}
    path, body = "/eureka/apps/RECOMMENDATION-SERVICE", json.dumps(document).encode()
    assert Client(registry).request("POST", path, body, headers).status == 204
