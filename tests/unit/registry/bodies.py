"""Registrations as clients send them."""

from typing import Any

SPRING: dict[str, Any] = {
    "instance": {
        "instanceId": "10.0.0.7:orders:8080",
        "hostName": "10.0.0.7",
        "app": "ORDERS",
        "ipAddr": "10.0.0.7",
        "status": "UP",
        "overriddenStatus": "UNKNOWN",
        "port": {"$": 8080, "@enabled": "true"},
        "securePort": {"$": 443, "@enabled": "false"},
        "countryId": 1,
        "dataCenterInfo": {
            "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
            "name": "MyOwn",
        },
        "leaseInfo": {
            "renewalIntervalInSecs": 30,
            "durationInSecs": 90,
            "registrationTimestamp": 0,
            "lastRenewalTimestamp": 0,
            "evictionTimestamp": 0,
            "serviceUpTimestamp": 0,
        },
        "metadata": {"management.port": "8080", "zone": "a"},
        "homePageUrl": "http://10.0.0.7:8080/",
        "statusPageUrl": "http://10.0.0.7:8080/actuator/info",
        "healthCheckUrl": "http://10.0.0.7:8080/actuator/health",
        "vipAddress": "orders",
        "secureVipAddress": "orders",
        "isCoordinatingDiscoveryServer": "false",
        "lastUpdatedTimestamp": "1764011129000",
        "lastDirtyTimestamp": "1764011129363",
    }
}

XML = """<?xml version="1.0" encoding="UTF-8"?>
<instance>
  <instanceId>10.0.0.7:orders:8080</instanceId>
  <hostName>10.0.0.7</hostName>
  <app>ORDERS</app>
  <ipAddr>10.0.0.7</ipAddr>
  <status>UP</status>
  <overriddenstatus>UNKNOWN</overriddenstatus>
  <port enabled="true">8080</port>
  <securePort enabled="false">443</securePort>
  <countryId>1</countryId>
  <dataCenterInfo class="com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo">
    <name>MyOwn</name>
  </dataCenterInfo>
  <leaseInfo>
    <renewalIntervalInSecs>30</renewalIntervalInSecs>
    <durationInSecs>90</durationInSecs>
  </leaseInfo>
  <metadata>
    <management.port>8080</management.port>
    <zone>a</zone>
  </metadata>
  <homePageUrl>http://10.0.0.7:8080/</homePageUrl>
  <statusPageUrl>http://10.0.0.7:8080/actuator/info</statusPageUrl>
  <healthCheckUrl>http://10.0.0.7:8080/actuator/health</healthCheckUrl>
  <vipAddress>orders</vipAddress>
  <secureVipAddress>orders</secureVipAddress>
  <isCoordinatingDiscoveryServer>false</isCoordinatingDiscoveryServer>
  <lastUpdatedTimestamp>1764011129000</lastUpdatedTimestamp>
  <lastDirtyTimestamp>1764011129363</lastDirtyTimestamp>
</instance>
"""


def body(**changed: Any) -> dict[str, Any]:
    """Spring's registration with some members changed; those that are None are left out."""
    merged = SPRING["instance"] | changed
    return {"instance": {name: value for name, value in merged.items() if value is not None}}
