"""Which addresses an instance may be at. A registry tells others where to connect: without this, whoever can register
could have the gateway ask the cloud's metadata service, or any other machine, in its place (SSRF)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from config import environment

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK = ("127.0.0.0/8", "::1/128")
# RFC 1918, RFC 4193.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
# Metadata services of clouds that lie in networks which are fine otherwise: AWS (IPv6), Google (IPv6), Alibaba,
# Oracle, Azure. The well-known one, 169.254.169.254, is link-local.
METADATA = frozenset(
    ip_address(text) for text in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")
)
# "This network" and what is reserved; and where an IPv4 address is wrapped that others unwrap: NAT64, 6to4, Teredo,
# IPv4-compatible.
ODD = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "240.0.0.0/4",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
    )
)
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?", re.ASCII)
# What resolvers read as an address: 127.1, 0x7f000001 (https://url.spec.whatwg.org/#ends-in-a-number-checker).
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?", re.ASCII)
_LOCAL = re.compile(r"(?:.*\.)?localhost(?:\.localdomain)?\.?", re.ASCII | re.IGNORECASE)
_METADATA_NAME = re.compile(r"(?:metadata(?:\.google\.internal|\.goog)?|instance-data(?:\..*)?)\.?", re.I | re.ASCII)


class NotAllowed(ValueError):
    """Nobody may be at such an address; the message says why, and goes on from its name."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Those that instances may be in."""

    allowed: tuple[Network, ...]

    def address(self, text: str) -> Address:
        """The address, without the IPv6 around an IPv4 one. Raises NotAllowed."""
        try:
            found = ip_address(text)
        except ValueError:
            raise NotAllowed("must be an IP address") from None
        if isinstance(found, IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        if self._never(found):
            raise NotAllowed("is an address at which no instance can be")
        if not any(found in network for network in self.allowed):
            raise NotAllowed("is not in a network that instances may be in (REGISTRY_NETWORKS)")
        return found

    def _never(self, found: Address) -> bool:
        """Where there are no instances but other things, also where a network as wide as `0.0.0.0/0` has it."""
        if found.is_loopback:
            return not self.loopback
        if isinstance(found, IPv6Address) and (found.scope_id is not None or found.is_site_local):
            return True
        odd = found.is_link_local or found.is_multicast or found.is_unspecified or found in METADATA
        return odd or any(found in network for network in ODD)

    def host(self, text: str) -> None:
        """Raises NotAllowed for what is neither such an address nor a name.

        Names are not looked up: what one leads to may be another thing a moment later, or from another machine.
        """
        if ":" in text or _NUMBER.fullmatch(text):
            self.address(text)
        elif not _NAME.fullmatch(text) or len(text) > 253:
            raise NotAllowed("must be a host's name or address")
        elif _METADATA_NAME.fullmatch(text):
            raise NotAllowed("is the name of a metadata service")
        elif _LOCAL.fullmatch(text) and not self.loopback:
            raise NotAllowed("is the registry's own machine to everybody")

    @property
    def loopback(self) -> bool:
        """Whether instances may be on the machine itself."""
        return any(network.is_loopback for network in self.allowed)


def is_loopback(host: str) -> bool:
    """Whether what listens there can be reached from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def parse(texts: Iterable[str]) -> Networks:
    """Networks as `10.0.0.0/8`. Raises ValueError for one that is none."""
    return Networks(tuple(ip_network(text) for text in texts))


def from_environment() -> Networks:
    """As REGISTRY_NETWORKS says; where it says nothing: this machine for who listens there only, else the private
    networks. Raises InvalidSetting."""
    given: Sequence[str] = environment.items("REGISTRY_NETWORKS")
    default = LOOPBACK if is_loopback(environment.text("HOST")) else PRIVATE
    try:
        return parse(given or default)
    except ValueError as error:
        raise environment.InvalidSetting(f"REGISTRY_NETWORKS: {error}") from error
