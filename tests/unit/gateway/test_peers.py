"""Whom a request comes from, where proxies stand before the gateway."""

from ipaddress import ip_network
from typing import Any

import pytest

from gateway.security.peers import Peers

PEERS = Peers([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])
PROXY = "10.0.0.1"


def read(*fields: tuple[bytes, bytes], peer: str = PROXY, peers: Peers = PEERS) -> tuple[str, str]:
    """The client's address, and the scheme."""
    scope: dict[str, Any] = {"client": (peer, 5), "scheme": "http", "headers": list(fields)}
    found = peers.read(scope)
    return found["client"][0], found["scheme"]


@pytest.mark.parametrize(
    ("said", "client"),
    [
        (b"203.0.113.7", "203.0.113.7"),
        (b"203.0.113.7:51000", "203.0.113.7"),
        (b"2001:db8::7", "2001:db8::7"),
        (b"[2001:db8::7]:443", "2001:db8::7"),
        (b"::ffff:203.0.113.7", "203.0.113.7"),
        (b"203.0.113.7, 10.9.9.9", "203.0.113.7"),
        (b"203.0.113.7, 10.9.9.9, fd00::1", "203.0.113.7"),
        # What stands further left was written by the client.
        (b"1.2.3.4, 203.0.113.7", "203.0.113.7"),
        (b"10.1.1.1, 203.0.113.7, 10.9.9.9", "203.0.113.7"),
        (b"10.8.8.8, 10.9.9.9", "10.8.8.8"),
        (b"nonsense, 10.9.9.9", "10.9.9.9"),
        (b"203.0.113.7, unknown", PROXY),
        (b"", PROXY),
        (b" , ", PROXY),
    ],
)
def test_the_client_is_the_last_hop_that_is_no_trusted_proxy(said: bytes, client: str) -> None:
    assert read((b"x-forwarded-for", said))[0] == client


def test_several_lines_are_one_row() -> None:
    assert read((b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-for", b"10.9.9.9"))[0] == "203.0.113.7"


@pytest.mark.parametrize(
    ("said", "scheme"), [(b"https", "https"), (b"HTTPS", "https"), (b"https, http", "http"), (b"ftp", "http")]
)
def test_the_scheme_is_what_the_nearest_proxy_says(said: bytes, scheme: str) -> None:
    assert read((b"x-forwarded-proto", said))[1] == scheme


@pytest.mark.parametrize(("peer", "peers"), [("203.0.113.9", PEERS), (PROXY, Peers([])), ("", PEERS)])
def test_whom_nobody_trusts_is_not_believed(peer: str, peers: Peers) -> None:
    lies = ((b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-proto", b"https"))
    assert read(*lies, peer=peer, peers=peers) == (peer, "http")


def test_forwarded_is_not_read_beside_it() -> None:
    assert read((b"forwarded", b"for=1.2.3.4;proto=https")) == (PROXY, "http")
