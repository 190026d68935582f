"""The Eureka client against a registry that answers as it is told."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from service.eureka import Instance, RegistryClient, RegistryError, document, parse_applications

ME = Instance(app="USER-SERVICE", instance_id="127.0.0.1:users:8120", host="127.0.0.1", port=8120)


class Registry:
    """Keeps what it was asked, and answers with a status and a body for each method."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.authorizations: list[str | None] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.stale: str | None = None
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                registry.asked.append((self.command, self.path, body))
                registry.authorizations.append(self.headers.get("Authorization"))
                status, content = registry.answers.get(self.command, (200, b""))
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                if registry.stale is not None:
                    self.send_header("X-Registry-Stale", registry.stale)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def knows(self, app: str, stale: str | None = None) -> None:
        """Answer with one instance of that app, as a registry would that lost its database `stale` seconds ago."""
        entry = document(ME)["instance"] | {"app": app}
        body = {"applications": {"application": [{"name": app, "instance": [entry]}]}}
        self.answers["GET"], self.stale = (200, json.dumps(body).encode()), stale


@pytest.fixture
def registries() -> Iterator[list[Registry]]:
    """Three of them."""
    found = [Registry() for _ in range(3)]
    yield found
    for one in found:
        one.server.shutdown()
        one.server.server_close()


@pytest.fixture
def registry(registries: list[Registry]) -> Registry:
    return registries[0]


def test_a_registration_is_sent_as_netflixs_server_reads_it(registry: Registry) -> None:
    registry.answers["POST"] = (204, b"")
    RegistryClient([registry.url]).register(ME)
    ((method, path, body),) = registry.asked
    assert (method, path) == ("POST", "/eureka/apps/USER-SERVICE")
    assert body == document(ME)
    assert body["instance"]["port"] == {"$": 8120, "@enabled": "true"}
    assert body["instance"]["leaseInfo"] == {"renewalIntervalInSecs": 5, "durationInSecs": 15}


def test_a_renewal_that_the_registry_does_not_know_says_so(registry: Registry) -> None:
    client = RegistryClient([registry.url])
    assert client.renew(ME)
    registry.answers["PUT"] = (404, b"")
    assert not client.renew(ME)
    assert registry.asked[0][1] == "/eureka/apps/USER-SERVICE/127.0.0.1:users:8120"


def test_leaving_what_is_not_there_is_fine(registry: Registry) -> None:
    registry.answers["DELETE"] = (404, b"")
    RegistryClient([registry.url]).cancel(ME)


def test_the_second_registry_is_asked_when_the_first_does_not_answer(registry: Registry) -> None:
    assert RegistryClient(["http://127.0.0.1:9", registry.url]).renew(ME)


@pytest.mark.parametrize(
    "answer", [(500, b"broken"), (200, b"not json"), (200, b"[]"), (200, b'{"applications": 7}')]
)
def test_an_answer_that_cannot_be_used_is_an_error(registry: Registry, answer: tuple[int, bytes]) -> None:
    registry.answers["GET"] = answer
    with pytest.raises(RegistryError):
        RegistryClient([registry.url]).fetch()


def test_a_fresh_answer_is_preferred_to_one_from_before_the_database_went_away(registries: list[Registry]) -> None:
    client = RegistryClient([one.url for one in registries])
    for one, (app, stale) in zip(registries, [("OLD", "5"), ("NEW", None), ("NEVER", None)], strict=True):
        one.knows(app, stale)
    for _ in range(2):
        found = client.fetch()
        assert (set(found.instances), found.age) == ({"NEW"}, 0.0)
    # Who has its database is asked first from then on.
    assert [len(one.asked) for one in registries] == [1, 2, 0]


@pytest.mark.parametrize(
    ("stale", "expected"), [(("70", "5", "60"), 1), (("x", "-5", "60"), 2), (("0", "5", "6"), 0)]
)
def test_of_those_without_a_database_the_one_that_lost_it_last_is_believed(
    registries: list[Registry], stale: tuple[str, ...], expected: int
) -> None:
    for number, (one, age) in enumerate(zip(registries, stale, strict=True)):
        one.knows(f"APP-{number}", age)
    found = RegistryClient([one.url for one in registries]).fetch()
    assert found.instances.keys() == {f"APP-{expected}"}
    assert found.age == max(1, int(stale[expected]))


def test_who_lost_its_database_is_better_than_nobody(registries: list[Registry]) -> None:
    old, broken, _ = registries
    old.knows("OLD", "30")
    broken.answers["GET"] = (503, b"away")
    assert RegistryClient([broken.url, old.url]).fetch().instances.keys() == {"OLD"}


def test_no_registry_at_all_is_an_error() -> None:
    with pytest.raises(RegistryError, match="no registry"):
        RegistryClient([]).fetch()


@pytest.mark.parametrize("as_list", [True, False])
def test_one_member_may_stand_alone_or_in_a_list(as_list: bool) -> None:
    instance = document(ME)["instance"]
    application = {"name": "USER-SERVICE", "instance": [instance] if as_list else instance}
    body = {"applications": {"application": [application] if as_list else application}}
    assert parse_applications(body) == {"USER-SERVICE": [ME.__class__(**{**_fields(ME), "lease_seconds": 15})]}


def test_an_empty_registry_has_nobody() -> None:
    assert parse_applications({"applications": {"application": []}}) == {}
    assert parse_applications({"applications": {}}) == {}


def _fields(instance: Instance) -> dict[str, Any]:
    return {name: getattr(instance, name) for name in ("app", "instance_id", "host", "port", "status")}


def test_the_registry_that_answered_is_asked_first_from_then_on(registry: Registry) -> None:
    client = RegistryClient(["http://127.0.0.1:9", registry.url])
    assert client.renew(ME)
    assert [address.netloc for address in client._addresses] == [registry.url.removeprefix("http://"), "127.0.0.1:9"]


def test_a_registration_that_finds_no_registry_is_not_taken_for_one(registry: Registry) -> None:
    registry.answers["POST"] = (404, b"")
    with pytest.raises(RegistryError, match="404"):
        RegistryClient([registry.url]).register(ME)


def test_a_host_that_cannot_be_one_is_an_error_of_the_registrys_name() -> None:
    with pytest.raises(RegistryError):
        RegistryClient([f"http://{'a' * 70}.example:1"]).fetch()


def test_an_https_registry_is_not_spoken_to_in_the_clear(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="SSL"):
        RegistryClient([registry.url.replace("http:", "https:")]).fetch()
    assert registry.asked == []


@pytest.mark.parametrize("strange", [{}, {"hostName": "h"}, {"hostName": "h", "port": 80, "app": "X"}, None, "x"])
def test_one_instance_that_cannot_be_understood_hides_no_other(strange: Any) -> None:
    entries = [strange, document(ME)["instance"]]
    body = {"applications": {"application": [{"name": "USER-SERVICE", "instance": entries}]}}
    assert [found.instance_id for found in parse_applications(body)["USER-SERVICE"]] == [ME.instance_id]


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert Instance(app="A", instance_id="a", host="::1", port=80).base_url == "http://[::1]:80"


def test_the_key_in_the_url_is_sent_and_never_said(registry: Registry) -> None:
    RegistryClient([registry.url]).renew(ME)
    assert registry.authorizations == [None]
    keyed = RegistryClient([registry.url.replace("//", "//services:p%40ss%C3%A9@")])
    keyed.renew(ME)
    # RFC 7617, 2.1: the user and the password in UTF-8.
    assert registry.authorizations[-1] == "Basic c2VydmljZXM6cEBzc8Op"
    registry.answers["PUT"] = (401, b"")
    with pytest.raises(RegistryError, match="401") as caught:
        keyed.renew(ME)
    assert "p%40ss" not in str(caught.value)
    with pytest.raises(ValueError, match="//…@registry") as refused:
        RegistryClient(["ftp://services:p%40ss@registry"])
    assert "p%40ss" not in str(refused.value)
