"""What a registration may send others to."""

from typing import Any

import pytest

from registry import addresses, registration
from service.networks import PRIVATE, parse
from service.problems import Problem
from tests.unit.registry.bodies import body


def check(**changed: Any) -> None:
    """Spring's registration, with changes."""
    document = registration.read("ORDERS", body(**changed)).document
    addresses.check(document, parse(PRIVATE), lowest_port=1024)


def test_a_springs_registration_passes() -> None:
    check()
    check(hostName="orders-1", homePageUrl="https://ORDERS-1.:8443/x?y", statusPageUrl="http://10.0.0.7/info")
    check(
        hostName="fd00::7",
        ipAddr="fd00::7",
        homePageUrl="http://[fd00::7]:80/",
        statusPageUrl=None,
        healthCheckUrl=None,
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"ipAddr": "169.254.169.254"}, "ipAddr"),
        ({"ipAddr": "127.0.0.1"}, "ipAddr"),
        ({"ipAddr": "8.8.8.8"}, "ipAddr"),
        ({"ipAddr": "orders-1"}, "ipAddr"),
        ({"ipAddr": None, "hostName": "orders-1"}, "ipAddr"),
        ({"hostName": "169.254.169.254"}, "hostName"),
        ({"hostName": "0x7f.1"}, "hostName"),
        ({"hostName": "localhost"}, "hostName"),
        ({"port": {"$": 22, "@enabled": "true"}}, "port"),
        ({"securePort": {"$": 443, "@enabled": "true"}}, "securePort"),
        ({"homePageUrl": "http://evil.example/"}, "homePageUrl"),
        ({"homePageUrl": "http://10.0.0.7@evil.example/"}, "homePageUrl"),
        ({"homePageUrl": "http://10.0.0.7\\@evil.example/"}, "homePageUrl"),
        ({"homePageUrl": "http://user@10.0.0.7/"}, "homePageUrl"),
        ({"homePageUrl": "http://10.0.0.7:99999/"}, "homePageUrl"),
        ({"homePageUrl": "//evil.example/"}, "homePageUrl"),
        ({"homePageUrl": "/relative"}, "homePageUrl"),
        ({"homePageUrl": "javascript:alert(1)//10.0.0.7"}, "homePageUrl"),
        ({"homePageUrl": "http://[::1"}, "homePageUrl"),
        ({"statusPageUrl": "http://169.254.169.254/latest/meta-data"}, "statusPageUrl"),
        ({"healthCheckUrl": "gopher://10.0.0.7:6379/_x"}, "healthCheckUrl"),
        ({"secureHealthCheckUrl": "file:///etc/passwd"}, "secureHealthCheckUrl"),
    ],
)
def test_what_would_lead_elsewhere_is_refused_by_name(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Problem) as caught:
        check(**changed)
    assert caught.value.status == 400
    assert caught.value.errors is not None
    assert [error["field"] for error in caught.value.errors] == [field]


def test_a_port_that_is_not_open_leads_nowhere() -> None:
    check(securePort={"$": 443, "@enabled": "false"})
