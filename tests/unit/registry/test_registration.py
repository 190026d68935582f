"""What instances say of themselves: taken as Netflix's server takes it, or refused by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.registration import read
from service.problems import Problem
from tests.unit.registry.bodies import SPRING, body


def refused(sent: Any, app: str = "ORDERS") -> str:
    """The member that the problem names."""
    with pytest.raises(Problem) as caught:
        read(app, sent)
    assert caught.value.status == 400
    assert caught.value.errors is not None
    (error,) = caught.value.errors
    return error["field"]


def test_springs_registration_is_kept_as_it_came() -> None:
    found = read("orders", SPRING)
    assert (found.app, found.instance_id, found.status) == ("ORDERS", "10.0.0.7:orders:8080", "UP")
    assert (found.lease_seconds, found.last_dirty) == (90, 1764011129363)
    assert (found.vip, found.secure_vip, found.overridden_status) == ("orders", "orders", "UNKNOWN")
    sent = SPRING["instance"]
    times = {"leaseInfo", "overriddenStatus", "lastUpdatedTimestamp", "lastDirtyTimestamp"}
    assert {name: found.document[name] for name in sent.keys() - times} == {
        name: sent[name] for name in sent.keys() - times
    }


def test_what_is_missing_is_as_netflix_has_it() -> None:
    found = read("A", {"instance": {"app": "a", "hostName": "box"}})
    assert (found.instance_id, found.status, found.lease_seconds, found.last_dirty) == ("box", "UP", 90, None)
    assert found.document == {
        "instanceId": "box",
        "hostName": "box",
        "app": "A",
        "ipAddr": "box",
        "status": "UP",
        "port": {"$": 7001, "@enabled": "true"},
        "securePort": {"$": 7002, "@enabled": "false"},
        "countryId": 1,
        "dataCenterInfo": {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
        "leaseInfo": {"renewalIntervalInSecs": 30, "durationInSecs": 90},
        "metadata": {},
        "vipAddress": "",
        "secureVipAddress": "",
        "isCoordinatingDiscoveryServer": "false",
    }


def test_numbers_and_booleans_may_be_text_and_text_numbers() -> None:
    found = read(
        "ORDERS",
        body(
            port={"$": "8080", "@enabled": True},
            leaseInfo={"durationInSecs": "15", "renewalIntervalInSecs": "5"},
            metadata={"weight": 3, "canary": True, "nothing": None},
            lastDirtyTimestamp=1764011129363,
            isCoordinatingDiscoveryServer=True,
        ),
    )
    assert found.document["port"] == {"$": 8080, "@enabled": "true"}
    assert found.document["leaseInfo"] == {"durationInSecs": 15, "renewalIntervalInSecs": 5}
    assert found.document["metadata"] == {"weight": "3", "canary": "true", "nothing": ""}
    assert found.document["isCoordinatingDiscoveryServer"] == "true"
    assert (found.lease_seconds, found.last_dirty) == (15, 1764011129363)


def test_a_port_may_be_a_bare_number() -> None:
    assert read("ORDERS", body(port=8080)).document["port"] == {"$": 8080, "@enabled": "true"}


def test_javas_class_of_an_empty_map_is_no_metadata() -> None:
    assert read("ORDERS", body(metadata={"@class": "java.util.Collections$EmptyMap"})).document["metadata"] == {}


def test_an_amazon_instance_keeps_its_data_centers_metadata() -> None:
    given = {
        "@class": "com.netflix.appinfo.AmazonInfo",
        "name": "Amazon",
        "metadata": {"availability-zone": "us-east-1c"},
    }
    assert read("ORDERS", body(dataCenterInfo=given)).document["dataCenterInfo"] == given


def test_members_that_the_protocol_does_not_have_are_not_passed_on() -> None:
    assert "script" not in read("ORDERS", body(script="<b>")).document


@pytest.mark.parametrize("name", ["overriddenStatus", "overriddenstatus"])
def test_an_override_may_be_spelled_in_two_ways(name: str) -> None:
    changed = {"overriddenStatus": None, name: "OUT_OF_SERVICE"}
    assert read("ORDERS", body(**changed)).overridden_status == "OUT_OF_SERVICE"


@pytest.mark.parametrize("sent", [None, [], "x", 7, {}, {"instance": None}, {"instance": []}, {"instance": "x"}])
def test_a_body_without_an_instance_is_refused(sent: Any) -> None:
    assert refused(sent) == "instance"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"app": None}, "app"),
        ({"app": ""}, "app"),
        ({"app": "OTHER"}, "app"),
        ({"app": 7}, "app"),
        ({"app": "x" * 201}, "app"),
        ({"hostName": None}, "hostName"),
        ({"hostName": "evil.example/@10.0.0.1"}, "hostName"),
        ({"hostName": "a b"}, "hostName"),
        ({"hostName": "-"}, "hostName"),
        ({"ipAddr": "10.0.0.1:80/x"}, "ipAddr"),
        ({"ipAddr": {"$": "10.0.0.1"}}, "ipAddr"),
        ({"instanceId": "a\nb"}, "instanceId"),
        ({"instanceId": "a\x00b"}, "instanceId"),
        ({"instanceId": "\ud800"}, "instanceId"),
        ({"instanceId": "x" * 301}, "instanceId"),
        ({"status": "SIDEWAYS"}, "status"),
        ({"status": ["UP"]}, "status"),
        ({"overriddenStatus": "SIDEWAYS"}, "overriddenStatus"),
        ({"port": {"$": 0, "@enabled": "true"}}, "port"),
        ({"port": {"$": 65536, "@enabled": "true"}}, "port"),
        ({"port": {"$": "http", "@enabled": "true"}}, "port"),
        ({"port": {"$": 80.5, "@enabled": "true"}}, "port"),
        ({"port": {"$": True}}, "port"),
        ({"port": {"@enabled": "true"}}, "port"),
        ({"port": {"$": 80, "@enabled": "perhaps"}}, "port enabled"),
        ({"securePort": [443]}, "securePort"),
        ({"leaseInfo": []}, "leaseInfo"),
        ({"leaseInfo": {"durationInSecs": -1}}, "durationInSecs"),
        ({"leaseInfo": {"durationInSecs": 86401}}, "durationInSecs"),
        ({"leaseInfo": {"durationInSecs": "soon"}}, "durationInSecs"),
        ({"leaseInfo": {"renewalIntervalInSecs": [1]}}, "renewalIntervalInSecs"),
        ({"metadata": ["x"]}, "metadata"),
        ({"metadata": {"": "x"}}, "metadata"),
        ({"metadata": {"a\x00": "x"}}, "metadata"),
        ({"metadata": {"a": {"b": "c"}}}, "metadata.a"),
        ({"metadata": {"a": "\x00"}}, "metadata.a"),
        ({"metadata": {"a": "\ud800"}}, "metadata.a"),
        ({"metadata": {"a": "x" * 8193}}, "metadata.a"),
        ({"dataCenterInfo": {"name": "Moon"}}, "dataCenterInfo.name"),
        ({"dataCenterInfo": "MyOwn"}, "dataCenterInfo"),
        ({"homePageUrl": "x" * 2001}, "homePageUrl"),
        ({"vipAddress": 7}, "vipAddress"),
        ({"countryId": "one"}, "countryId"),
        ({"lastDirtyTimestamp": -1}, "lastDirtyTimestamp"),
        ({"lastDirtyTimestamp": 2**63}, "lastDirtyTimestamp"),
        ({"lastDirtyTimestamp": "yesterday"}, "lastDirtyTimestamp"),
    ],
)
def test_a_member_that_is_wrong_is_named(changed: dict[str, Any], field: str) -> None:
    assert refused(body(**changed)) == field


def test_an_app_that_grows_in_capitals_is_measured_then() -> None:
    assert refused({"instance": {"app": "ß" * 200, "hostName": "h"}}, app="ß" * 200) == "app"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(SPRING["instance"])), JSON))
def test_whatever_is_sent_is_taken_whole_or_refused_by_name(changed: dict[str, Any]) -> None:
    problem = None
    try:
        found = read("ORDERS", {"instance": SPRING["instance"] | changed})
    except Problem as refusal:
        problem = refusal
    if problem:
        assert (problem.status, bool(problem.errors)) == (400, True)
    else:
        assert found.app == "ORDERS"
        assert 0 < found.lease_seconds <= 86400
        assert 0 <= found.document["port"]["$"] <= 65535
        assert all(isinstance(value, str) for value in found.document["metadata"].values())
