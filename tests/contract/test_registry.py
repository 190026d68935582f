"""The registry as a client of the Eureka REST protocol meets it."""

from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest

from desktop.supervisor import System
from tests.support.client import Client
from tests.support.network import expect

NAMES = {"USER-SERVICE", "FRIEND-SERVICE", "RECOMMENDATION-SERVICE", "EDGE-SERVICE"}
AS_JSON = {"Accept": "application/json"}
ROOTS = ("/eureka/apps", "/eureka/v2/apps")


@pytest.fixture(scope="module")
def registry(system: System) -> Client:
    return Client(system.urls["registry"])


def _instance(app: str, instance_id: str) -> dict[str, Any]:
    return {
        "instance": {
            "instanceId": instance_id,
            "hostName": "127.0.0.1",
            "app": app,
            "ipAddr": "127.0.0.1",
            "status": "UP",
            "port": {"$": 4711, "@enabled": "true"},
            "securePort": {"$": 443, "@enabled": "false"},
            "vipAddress": app.lower(),
            "dataCenterInfo": {
                "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
                "name": "MyOwn",
            },
        }
    }


def _applications(registry: Client, root: str) -> dict[str, list[dict[str, Any]]]:
    found = expect(registry.get(root, AS_JSON), 200)["applications"]["application"]
    return {application["name"]: application["instance"] for application in found}


@pytest.mark.parametrize("root", ROOTS)
def test_every_service_is_registered_by_its_name(registry: Client, root: str) -> None:
    applications = _applications(registry, root)
    assert set(applications) >= NAMES
    for name in NAMES:
        assert [instance["status"] for instance in applications[name]] == ["UP"]


def test_the_ports_are_those_that_answer(registry: Client, system: System) -> None:
    ports = {name: int(found[0]["port"]["$"]) for name, found in _applications(registry, ROOTS[0]).items()}
    assert ports["USER-SERVICE"] == system.ports.users
    assert ports["FRIEND-SERVICE"] == system.ports.friends
    assert ports["RECOMMENDATION-SERVICE"] == system.ports.recommendations
    assert ports["EDGE-SERVICE"] == system.ports.gateway


@pytest.mark.parametrize("root", ROOTS)
def test_a_stranger_registers_renews_and_leaves(registry: Client, root: str) -> None:
    app, instance_id = f"STRANGER-{uuid4().hex[:6].upper()}", "127.0.0.1:stranger:4711"
    path = f"{root}/{app}"
    assert registry.put(f"{path}/{instance_id}", {}).status == 404
    assert registry.post(path, _instance(app, instance_id)).status == 204
    assert registry.put(f"{path}/{instance_id}", {}).status == 200
    found = expect(registry.get(path, AS_JSON), 200)["application"]["instance"]
    assert [instance["instanceId"] for instance in found] == [instance_id]
    assert registry.request("DELETE", f"{path}/{instance_id}").status == 200
    assert registry.put(f"{path}/{instance_id}", {}).status == 404


@pytest.mark.parametrize("root", ROOTS)
def test_who_asks_for_xml_gets_xml(registry: Client, root: str) -> None:
    answer = registry.get(root, {"Accept": "application/xml"})
    assert (answer.status, answer.content_type) == (200, "application/xml")
    names = ElementTree.fromstring(answer.body).findall("./application/name")  # noqa: S314 -- our own registry's
    assert {name.text for name in names} >= NAMES
