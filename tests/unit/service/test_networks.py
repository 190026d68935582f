"""Where instances may be: a table of what an attacker would register."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.environment import InvalidSetting
from service import networks
from service.networks import LOOPBACK, PRIVATE, NotAllowed, from_environment, parse

EVERYWHERE = ("0.0.0.0/0", "::/0")


@pytest.mark.parametrize("host", ["10.0.0.7", "172.31.255.1", "192.168.1.1", "fd00::7", "::ffff:10.0.0.7"])
def test_private_addresses_are_where_instances_are(host: str) -> None:
    parse(PRIVATE).address(host)
    parse(PRIVATE).host(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost", "LOCALHOST."])
def test_the_own_machine_is_one_only_where_that_is_said(host: str) -> None:
    parse(LOOPBACK).host(host)
    for others in (PRIVATE, EVERYWHERE):
        with pytest.raises(NotAllowed):
            parse(others).host(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "100.64.0.1", "2600::1", "::ffff:8.8.8.8"])
def test_what_is_in_none_of_the_networks_is_refused(host: str) -> None:
    with pytest.raises(NotAllowed, match="REGISTRY_NETWORKS"):
        parse(PRIVATE).address(host)
    parse(EVERYWHERE).address(host)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1%eth0",
        "fec0::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "224.0.0.1",
        "ff02::1",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "255.255.255.255",
        "240.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
        "::169.254.169.254",
    ],
)
def test_where_there_is_no_instance_none_is_believed_to_be(host: str) -> None:
    for allowed in (EVERYWHERE, PRIVATE, (*LOOPBACK, "169.254.0.0/16", "fe80::/10")):
        with pytest.raises(NotAllowed):
            parse(allowed).address(host)
        with pytest.raises(NotAllowed):
            parse(allowed).host(host)


@pytest.mark.parametrize(
    "host",
    ["127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "010.0.0.1", "10.0.0.7.", "a.1", "10.0.0", "0x"],
)
def test_what_a_resolver_would_read_as_an_address_is_no_name(host: str) -> None:
    with pytest.raises(NotAllowed):
        parse(EVERYWHERE).host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "-",
        "a-",
        "-a.b",
        "a..b",
        ".a",
        "a b",
        "a/b",
        "u@h",
        "h:80",
        "h?x",
        "h#x",
        "é",
        "a\n",
        f"{'a' * 64}.b",
        "a." * 127,
    ],
)
def test_what_is_no_name_is_refused(host: str) -> None:
    with pytest.raises(NotAllowed):
        parse(EVERYWHERE).host(host)


@pytest.mark.parametrize(
    "host", ["metadata", "metadata.google.internal", "METADATA.GOOGLE.INTERNAL.", "instance-data.ec2.internal"]
)
def test_names_of_metadata_services_are_refused(host: str) -> None:
    with pytest.raises(NotAllowed):
        parse(EVERYWHERE).host(host)


@pytest.mark.parametrize("host", ["orders-1.orders.svc.cluster.local", "box", "host_1", "0a.example", "a.b."])
def test_names_are_taken_and_not_looked_up(host: str) -> None:
    parse(PRIVATE).host(host)
    with pytest.raises(NotAllowed, match="must be an IP address"):
        parse(PRIVATE).address(host)


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6) | st.ip_addresses(v=6, network="::ffff:0:0/96"))
def test_any_address_is_in_a_private_network_or_refused(address: object) -> None:
    try:
        found = parse(PRIVATE).address(str(address))
    except NotAllowed:
        return
    assert any(found in network for network in parse(PRIVATE).allowed)


@pytest.mark.parametrize(
    ("host", "given_", "allowed", "refused"),
    [
        ("127.0.0.1", "", "127.0.0.1", "10.0.0.7"),
        ("0.0.0.0", "", "10.0.0.7", "127.0.0.1"),
        ("10.0.0.1", "", "10.0.0.7", "8.8.8.8"),
        ("0.0.0.0", "8.8.8.0/24, fd00::/8", "8.8.8.8", "10.0.0.7"),
    ],
)
def test_the_environment_says_which(
    monkeypatch: pytest.MonkeyPatch, host: str, given_: str, allowed: str, refused: str
) -> None:
    monkeypatch.setenv("HOST", host)
    monkeypatch.setenv("REGISTRY_NETWORKS", given_)
    found = from_environment()
    found.address(allowed)
    with pytest.raises(NotAllowed):
        found.address(refused)


@pytest.mark.parametrize("given_", ["10.0.0.1/8", "private", "10.0.0.0/33"])
def test_a_network_that_is_none_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch, given_: str) -> None:
    monkeypatch.setenv("REGISTRY_NETWORKS", given_)
    with pytest.raises(InvalidSetting, match="REGISTRY_NETWORKS"):
        from_environment()


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("box", False),
    ],
)
def test_who_listens_on_this_machine_only(host: str, own: bool) -> None:
    assert networks.is_loopback(host) is own
