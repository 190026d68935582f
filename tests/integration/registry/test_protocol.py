"""The Eureka REST protocol: every operation of Netflix's list, in JSON and in XML, and what is refused."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from registry.models import Change, Lease
from tests.integration.registry.leases import body, pass_time, register

pytestmark = pytest.mark.django_db

JSON, XML = "application/json", "application/xml"
# What Netflix's Java client, py-eureka-client and a browser send.
SAY_JSON = {"Accept": "application/json, application/*+json"}
SAY_NOTHING_OF_JSON = [
    "*/*",
    "application/xml",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "",
]


def get(client: Client, path: str) -> Any:
    answer = client.get(path, headers=SAY_JSON)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == JSON
    return json.loads(answer.content)


def get_xml(client: Client, path: str, accept: str = XML) -> Any:
    answer = client.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (200, XML), answer.content
    return ElementTree.fromstring(answer.content)  # noqa: S314 -- our own


def ids(applications: Any) -> list[str]:
    found = applications["applications"]["application"]
    return [one["instanceId"] for application in found for one in application["instance"]]


def post(client: Client, path: str, sent: Any, content_type: str = JSON) -> Any:
    return client.post(path, sent, content_type=content_type)


@pytest.fixture(params=["/eureka", "/eureka/v2"])
def root(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_an_instances_whole_life(client: Client, root: str) -> None:
    one = f"{root}/apps/ORDERS/one"
    assert client.put(one).status_code == 404
    registered = post(client, f"{root}/apps/ORDERS", body())
    assert (registered.status_code, registered.content) == (204, b"")
    renewed = client.put(f"{one}?status=UP&lastDirtyTimestamp=1")
    assert (renewed.status_code, renewed.content) == (200, b"")
    assert ids(get(client, f"{root}/apps")) == ["one"]
    assert client.delete(one).status_code == 200
    assert ids(get(client, f"{root}/apps/")) == []
    assert client.delete(one).status_code == 404


def test_the_answer_to_all_has_netflixs_members(client: Client) -> None:
    register(instance_id="one", metadata={"zone": "a"}, homePageUrl="http://127.0.0.1:8080/", lastDirtyTimestamp=7)
    register(instance_id="two", status="DOWN")
    found = get(client, "/eureka/apps")["applications"]
    assert found.keys() == {"versions__delta", "apps__hashcode", "application"}
    assert found["apps__hashcode"] == "DOWN_1_UP_1_"
    (application,) = found["application"]
    assert application["name"] == "ORDERS"
    one = application["instance"][0]
    lease = one.pop("leaseInfo")
    assert lease.keys() == {
        "renewalIntervalInSecs",
        "durationInSecs",
        "registrationTimestamp",
        "lastRenewalTimestamp",
        "evictionTimestamp",
        "serviceUpTimestamp",
    }
    assert (lease["renewalIntervalInSecs"], lease["durationInSecs"]) == (30, 15)
    assert lease["registrationTimestamp"] == lease["lastRenewalTimestamp"] == lease["serviceUpTimestamp"] > 10**12
    assert int(one.pop("lastUpdatedTimestamp")) == lease["registrationTimestamp"]
    assert one == {
        "instanceId": "one",
        "hostName": "127.0.0.1",
        "app": "ORDERS",
        "ipAddr": "127.0.0.1",
        "status": "UP",
        "overriddenStatus": "UNKNOWN",
        "overriddenstatus": "UNKNOWN",
        "port": {"$": 8080, "@enabled": "true"},
        "securePort": {"$": 7002, "@enabled": "false"},
        "countryId": 1,
        "dataCenterInfo": {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
        "metadata": {"zone": "a"},
        "homePageUrl": "http://127.0.0.1:8080/",
        "vipAddress": "",
        "secureVipAddress": "",
        "isCoordinatingDiscoveryServer": "false",
        "lastDirtyTimestamp": "7",
        "actionType": "ADDED",
    }


def test_the_queries_give_what_they_are_asked_for(client: Client, root: str) -> None:
    register("ORDERS", "one", vipAddress="orders,shop", secureVipAddress="orders-secure")
    register("ORDERS", "two", vipAddress="orders")
    register("PEOPLE", "three", vipAddress="people")
    assert [one["instanceId"] for one in get(client, f"{root}/apps/orders")["application"]["instance"]] == [
        "one",
        "two",
    ]
    assert get(client, f"{root}/apps/Orders/two")["instance"]["instanceId"] == "two"
    assert get(client, f"{root}/instances/three")["instance"]["app"] == "PEOPLE"
    assert ids(get(client, f"{root}/vips/orders")) == ["one", "two"]
    assert ids(get(client, f"{root}/vips/shop")) == ["one"]
    assert ids(get(client, f"{root}/svips/orders-secure")) == ["one"]


@pytest.mark.parametrize(
    "path",
    [
        "apps/NOBODY",
        "apps/NOBODY/one",
        "apps/ORDERS/none",
        "instances/none",
        "vips/none",
        "vips/order",
        "svips/orders",
    ],
)
def test_what_is_not_there_is_a_404_problem(client: Client, path: str) -> None:
    register(vipAddress="orders")
    answer = client.get(f"/eureka/{path}", headers=SAY_JSON)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert json.loads(answer.content)["status"] == 404


@pytest.mark.parametrize("accept", SAY_NOTHING_OF_JSON)
def test_who_does_not_ask_for_json_gets_xml_as_from_netflixs_server(client: Client, accept: str) -> None:
    register(metadata={"my_key": "<&>"})
    found = get_xml(client, "/eureka/apps", accept)
    assert found.tag == "applications"
    assert found.find("apps__hashcode").text == "UP_1_"
    assert found.find("application/name").text == "ORDERS"
    instance = found.find("application/instance")
    assert (instance.find("port").text, instance.find("port").attrib) == ("8080", {"enabled": "true"})
    assert instance.find("metadata/my__key").text == "<&>"


@pytest.mark.parametrize("path", ["apps/ORDERS", "apps/ORDERS/one", "instances/one", "apps/delta", "vips/orders"])
def test_every_query_answers_in_xml_too(client: Client, path: str) -> None:
    register(vipAddress="orders")
    found = get_xml(client, f"/eureka/{path}")
    assert "one" in [element.text for element in found.iter("instanceId")]


def test_an_instance_registers_in_xml(client: Client) -> None:
    sent = (
        "<instance><instanceId>x</instanceId><hostName>127.0.0.1</hostName><app>orders</app><status>UP</status>"
        '<port enabled="true">8080</port><metadata><my__key>1</my__key></metadata></instance>'
    )
    assert post(client, "/eureka/apps/ORDERS", sent, XML).status_code == 204
    found = get(client, "/eureka/apps/ORDERS/x")["instance"]
    assert (found["ipAddr"], found["port"]["$"], found["metadata"]) == ("127.0.0.1", 8080, {"my_key": "1"})


def test_a_delta_tells_the_last_change_of_each_instance_and_the_state_of_all(client: Client) -> None:
    for name in ("gone", "changed", "new"):
        register(instance_id=name)
    client.put("/eureka/apps/ORDERS/changed/status?value=OUT_OF_SERVICE")
    client.delete("/eureka/apps/ORDERS/gone")
    found = get(client, "/eureka/apps/delta")["applications"]
    (application,) = found["application"]
    told = {one["instanceId"]: (one["actionType"], one["status"]) for one in application["instance"]}
    assert told == {"gone": ("DELETED", "UP"), "changed": ("MODIFIED", "OUT_OF_SERVICE"), "new": ("ADDED", "UP")}
    assert found["apps__hashcode"] == get(client, "/eureka/apps")["applications"]["apps__hashcode"]
    assert found["apps__hashcode"] == "OUT_OF_SERVICE_1_UP_1_"


def test_an_instance_that_takes_anothers_place_changes_the_version_though_not_the_hash(client: Client) -> None:
    register(instance_id="old")
    before = get(client, "/eureka/apps")["applications"]
    client.delete("/eureka/apps/ORDERS/old")
    register(instance_id="new")
    after = get(client, "/eureka/apps/delta")["applications"]
    assert before["apps__hashcode"] == after["apps__hashcode"]
    assert int(before["versions__delta"]) < int(after["versions__delta"])


def test_a_status_is_overridden_and_given_back(client: Client, root: str) -> None:
    register()
    path = f"{root}/apps/ORDERS/one"
    assert client.put(f"{path}/status?value=OUT_OF_SERVICE&lastDirtyTimestamp=1").status_code == 200
    found = get(client, path)["instance"]
    assert (found["status"], found["overriddenStatus"]) == ("OUT_OF_SERVICE", "OUT_OF_SERVICE")
    assert client.delete(f"{path}/status?value=UP").status_code == 200
    found = get(client, path)["instance"]
    assert (found["status"], found["overriddenStatus"]) == ("UP", "UNKNOWN")


def test_metadata_is_set_by_the_query(client: Client) -> None:
    register(metadata={"a": "1"})
    assert client.put("/eureka/apps/ORDERS/one/metadata?b=2&c=x%20y&lastDirtyTimestamp=5").status_code == 200
    assert get(client, "/eureka/apps/ORDERS/one")["instance"]["metadata"] == {"a": "1", "b": "2", "c": "x y"}


@pytest.mark.parametrize("path", ["status?value=UP", "metadata?a=b"])
def test_nothing_is_changed_of_an_instance_that_is_not_there(client: Client, path: str) -> None:
    answer = client.put(f"/eureka/apps/ORDERS/none/{path}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("put", "one?lastDirtyTimestamp=yesterday", "lastDirtyTimestamp"),
        ("put", "one?lastDirtyTimestamp=99999999999999999999", "lastDirtyTimestamp"),
        ("put", "one/status", "value"),
        ("put", "one/status?value=", "value"),
        ("put", "one/status?value=SIDEWAYS", "value"),
        ("put", "one/status?value=DOWN&lastDirtyTimestamp=-1", "lastDirtyTimestamp"),
        ("delete", "one/status?value=SIDEWAYS", "value"),
        ("put", "one/metadata?a=%00", "metadata.a"),
        ("put", "one/metadata?%00=a", "metadata"),
        ("put", "one/metadata?=a", "metadata"),
    ],
)
def test_a_parameter_that_is_wrong_is_a_400_and_changes_nothing(
    client: Client, method: str, path: str, field: str
) -> None:
    register()
    before = (list(Lease.objects.values()), Change.objects.count())
    answer = getattr(client, method)(f"/eureka/apps/ORDERS/{path}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [error["field"] for error in json.loads(answer.content)["errors"]] == [field]
    assert (list(Lease.objects.values()), Change.objects.count()) == before


@pytest.mark.parametrize(
    ("sent", "content_type", "status"),
    [
        (b"{", JSON, 400),
        (b"[" * 100_000, JSON, 400),
        (b'{"instance": {"app": "OTHER", "hostName": "h"}}', JSON, 400),
        (b"", JSON, 400),
        (b"<instance", XML, 400),
        (b"x" * 1_048_577, JSON, 413),
        (b"<" + b"x" * 1_048_577, XML, 413),
        (b"app=ORDERS", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_body_that_cannot_be_used_is_a_problem_and_changes_nothing(
    client: Client, sent: bytes, content_type: str, status: int
) -> None:
    answer = post(client, "/eureka/apps/ORDERS", sent, content_type)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert not Lease.objects.exists()


@pytest.mark.parametrize(
    "path", ["apps/%00", "apps/ORDERS/%00", "instances/%00", "vips/%00", "apps/ORDERS/a%0Ab", "apps/ORDERS/one/none"]
)
@pytest.mark.parametrize("method", ["get", "put", "delete", "post"])
def test_names_that_nobody_could_have_are_not_found(client: Client, method: str, path: str) -> None:
    assert getattr(client, method)(f"/eureka/{path}").status_code == 404


def test_names_with_odd_characters_are_names(client: Client) -> None:
    register("ÄPP", "10.0.0.7:äpp one:80;x")
    path = "/eureka/apps/%C3%A4pp/10.0.0.7:%C3%A4pp%20one:80;x"
    assert client.put(path).status_code == 200
    assert get(client, path)["instance"]["instanceId"] == "10.0.0.7:äpp one:80;x"


def test_an_operation_that_does_not_exist_is_refused(client: Client) -> None:
    answer = client.post("/eureka/apps")
    assert answer.status_code == 405
    assert "GET" in answer["Allow"]


def test_the_dashboard_shows_who_is_up(client: Client) -> None:
    register("ORDERS", "one", homePageUrl="http://10.0.0.7:8080/", status="STARTING")
    register("ORDERS", "two", homePageUrl="javascript:alert(1)", metadata={"a": "b"})
    register("<b>PEOPLE</b>", "gone")
    pass_time(16, "gone")
    client.put("/eureka/apps/ORDERS/one/status?value=OUT_OF_SERVICE")
    page = client.get("/").content.decode()
    assert "<dt>Applications</dt><dd>1</dd>" in page
    assert "<dt>Instances</dt><dd>2</dd>" in page
    assert "<dt>Up</dt><dd>1</dd>" in page
    assert '<a href="http://10.0.0.7:8080/"' in page
    assert "javascript:" not in page
    assert "OUT_OF_SERVICE" in page
    assert "overridden" in page
    assert "<B>PEOPLE" not in page
    assert "&lt;B&gt;PEOPLE" in page  # among the last changes


def test_the_dashboard_of_nobody(client: Client) -> None:
    assert "Nobody is registered" in client.get("/").content.decode()


def test_the_admin_shows_leases_and_changes(admin_client: Client) -> None:
    register(metadata={"zone": "<a>"})
    for model, row in (("lease", Lease.objects.get().pk), ("change", Change.objects.get().pk)):
        assert "ORDERS" in admin_client.get(f"/admin/registry/{model}/?q=one").content.decode()
        page = admin_client.get(f"/admin/registry/{model}/{row}/change/").content.decode()
        assert "&lt;a&gt;" in page
        assert admin_client.get(f"/admin/registry/{model}/add/").status_code == 403
