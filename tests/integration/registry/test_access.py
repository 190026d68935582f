"""Who may speak to the registry, and where instances may be."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from config.environment import InvalidSetting
from registry.access import require_key_beyond_this_machine
from registry.models import Lease
from service.eureka import Instance, RegistryClient, RegistryError
from service.networks import parse
from tests.integration.registry.leases import body
from tests.integration.registry.process import database, running

JSON = "application/json"
PATHS = ("/", "/eureka/apps", "/eureka/apps/delta", "/eureka/v2/apps", "/eureka/apps/ORDERS/one", "/eureka/vips/x")


def basic(password: str, user: str = "services") -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.fixture
def keys(settings: Settings) -> None:
    settings.REGISTRY_KEYS = ["old-key", "new:kéy"]


@pytest.mark.django_db
@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic(""),
        basic("wrong"),
        basic("old-ke"),
        basic("", user="old-key"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic b2xkLWtleQ=="},
        {"Authorization": "Bearer old-key"},
    ],
)
def test_without_the_key_nothing_is_told_and_nothing_changed(client: Client, headers: dict[str, str]) -> None:
    for path in PATHS:
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
        assert answer["WWW-Authenticate"].startswith("Basic ")
    posted = client.post("/eureka/apps/ORDERS", body(), content_type=JSON, headers=headers)
    assert posted.status_code == 401
    assert client.put("/eureka/apps/ORDERS/one", headers=headers).status_code == 401
    assert client.delete("/eureka/apps/ORDERS/one", headers=headers).status_code == 401
    assert not Lease.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("headers", [basic("old-key"), basic("new:kéy"), basic("old-key", user="")])
def test_with_one_of_the_keys_all_is_as_without(client: Client, headers: dict[str, str]) -> None:
    assert client.post("/eureka/apps/ORDERS", body(), content_type=JSON, headers=headers).status_code == 204
    assert client.put("/eureka/apps/ORDERS/one", headers=headers).status_code == 200
    assert client.get("/", headers=headers).status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("keys")
def test_probes_and_the_admins_own_login_need_no_key(client: Client) -> None:
    assert client.get("/actuator/health").status_code == 200
    assert client.get("/admin/login/").status_code == 200


def test_without_a_key_it_listens_on_its_own_machine_only(settings: Settings) -> None:
    settings.REGISTRY_KEYS = []
    require_key_beyond_this_machine("127.0.0.1")
    for host in ("0.0.0.0", "::", "10.0.0.1"):
        with pytest.raises(InvalidSetting, match="REGISTRY_KEY"):
            require_key_beyond_this_machine(host)
    settings.REGISTRY_KEYS = ["key"]
    require_key_beyond_this_machine("0.0.0.0")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"ipAddr": "169.254.169.254"}, "ipAddr"),
        ({"ipAddr": "::ffff:169.254.169.254"}, "ipAddr"),
        ({"hostName": "metadata.google.internal", "ipAddr": "127.0.0.1"}, "hostName"),
        ({"port": {"$": 22, "@enabled": "true"}}, "port"),
        ({"homePageUrl": "http://evil.example/"}, "homePageUrl"),
    ],
)
def test_an_instance_that_would_be_elsewhere_is_refused(client: Client, changed: dict[str, Any], field: str) -> None:
    answer = client.post("/eureka/apps/ORDERS", body(**changed), content_type=JSON)
    assert answer.status_code == 400
    assert [error["field"] for error in json.loads(answer.content)["errors"]] == [field]
    assert not Lease.objects.exists()


@pytest.mark.django_db
def test_the_networks_are_those_of_the_settings(client: Client, settings: Settings) -> None:
    sent = body(hostName="10.0.0.7")
    assert client.post("/eureka/apps/ORDERS", sent, content_type=JSON).status_code == 400
    settings.REGISTRY_NETWORKS = parse(["10.0.0.0/8"])
    assert client.post("/eureka/apps/ORDERS", sent, content_type=JSON).status_code == 204
    assert client.post("/eureka/apps/ORDERS", body(), content_type=JSON).status_code == 400


def test_our_client_has_the_key_in_its_url(django_db_setup: None, tmp_path: Path, transactional_db: None) -> None:
    key = "a/k@y:%"
    me = Instance(app="ORDERS", instance_id="one", host="127.0.0.1", port=8080)
    with running(tmp_path, database(), REGISTRY_KEY=key) as url:
        client = RegistryClient([url.replace("//", "//services:a%2Fk%40y%3A%25@")])
        client.register(me)
        assert client.renew(me)
        assert client.fetch().instances.keys() == {"ORDERS"}
        with pytest.raises(RegistryError, match="401") as caught:
            RegistryClient([url.replace("//", "//services:secret@")]).fetch()
        assert "secret" not in str(caught.value)
        client.cancel(me)


def test_a_registry_without_a_key_does_not_begin_where_others_can_reach_it(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended"), running(tmp_path, database(), HOST="0.0.0.0"):
        pass
    assert "REGISTRY_KEY is not set" in (tmp_path / "registry.log").read_text()
